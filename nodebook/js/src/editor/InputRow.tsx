import { memo } from "react";
import { Control } from "../controls";
import type { Value } from "../graph/document";
import type { InputInfo } from "../graph/library";
import { useEditor } from "./context";
import { WarningIcon } from "./icons";
import { Port } from "./Port";

interface Props {
  readonly node: string;
  readonly input: InputInfo;
  readonly value: Value | undefined;
  readonly linked: boolean;
  /** Without a control: its type has none, or a person wanted a plain port. */
  readonly asPort: boolean;
  readonly readOnly: boolean;
  /** What is wrong with this input, if anything. */
  readonly problem: string | undefined;
}

/** An input with its port at the card's edge; its control is hidden while a link feeds it. */
export const InputRow = memo(function InputRow({ node, input, value, linked, asPort, readOnly, problem }: Props) {
  const { actions } = useEditor();
  const withControl = !asPort && !linked && !readOnly;
  // A value that counts is never hidden.
  const keepsValue = readOnly || (asPort && input.widget !== null && !linked);
  return (
    <div
      className="nb-row"
      data-input={input.name}
      data-linked={linked}
      data-problem={problem !== undefined}
      title={problem}
    >
      <Port
        node={node}
        side="in"
        name={input.name}
        type={input.type}
        doc={input.doc}
        linked={linked}
        readOnly={readOnly}
      />
      {withControl && input.widget !== null ? (
        <Control
          nodeId={node}
          input={input}
          widget={input.widget}
          value={value}
          onCommit={(next) => actions.setValue(node, input.name, next)}
          onReset={() => actions.unsetValue(node, input.name)}
        />
      ) : (
        <span className="nb-port-label">
          {input.name}
          {keepsValue && value !== undefined && <span className="nb-kept">{shortText(value)}</span>}
        </span>
      )}
      {problem !== undefined && <WarningIcon />}
    </div>
  );
});

const MOST_LETTERS = 80;

function shortText(value: Value): string {
  const text = typeof value === "string" ? value : jsonText(value);
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}

function jsonText(value: Value): string {
  return JSON.stringify(value, (_name, member: unknown) => (typeof member === "bigint" ? String(member) : member));
}
