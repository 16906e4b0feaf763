/** Heights of texts on cards, remembered in the view: `"heights": {"text": 120}`, in pixels at zoom 1. */
import type { GraphNode, Value } from "./document";
import type { Op } from "./edits";

export const TEXT_HEIGHTS = { least: 44, usual: 68, most: 800 } as const;
const VIEW_MEMBER = "heights";

export function textHeightOf(node: GraphNode | undefined, input: string): number {
  const height = heightsOf(node)[input];
  return typeof height === "number" && Number.isFinite(height) ? limitHeight(height) : TEXT_HEIGHTS.usual;
}

export function limitHeight(height: number): number {
  return Math.round(Math.min(TEXT_HEIGHTS.most, Math.max(TEXT_HEIGHTS.least, height)));
}

/** `null` gives the text its usual height back. */
export function textHeightOp(id: string, node: GraphNode, input: string, height: number | null): Op {
  const { [input]: _old, ...others } = heightsOf(node);
  const heights = height === null ? others : { ...others, [input]: limitHeight(height) };
  const view = { [VIEW_MEMBER]: Object.keys(heights).length > 0 ? heights : null };
  return { op: "set_view", node: id, view };
}

function heightsOf(node: GraphNode | undefined): Readonly<Record<string, Value>> {
  const heights = node?.view?.[VIEW_MEMBER];
  const isRecord = typeof heights === "object" && heights !== null && !Array.isArray(heights);
  return isRecord ? (heights as Record<string, Value>) : {};
}
