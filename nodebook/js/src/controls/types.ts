import type { Value } from "../graph/document";
import type { InputInfo, Widget } from "../graph/library";

/** What every control gets. A control shows `value`, keeps its own draft while in use, and commits once at the end. */
export interface ControlProps<W extends Widget = Widget> {
  readonly nodeId: string;
  readonly input: InputInfo;
  readonly widget: W;
  /** The literal, else the default, else undefined. */
  readonly value: Value | undefined;
  readonly onCommit: (value: Value) => void;
  /** Take the literal away, so that the default counts. */
  readonly onReset: () => void;
}

export type WidgetOf<K extends Widget["kind"]> = Extract<Widget, { kind: K }>;

/** One line for the tooltip: what the input is, and its limits. */
export function describeInput(input: InputInfo): string {
  const parts = [`${input.name}: ${input.type}`];
  const widget = input.widget;
  if (widget?.kind === "number" && (widget.min ?? widget.max ?? null) !== null) {
    parts.push(`${widget.min ?? "−∞"} to ${widget.max ?? "∞"}`);
  }
  return [parts.join(", "), input.doc].filter(Boolean).join("\n");
}
