/** Show the whole graph, or some nodes of it. Cards that were never mounted count with their estimated size. */
import { getViewportForBounds, type Rect } from "@xyflow/react";
import { boxesOf, type FlowNode } from "../state/flow";
import type { EditorContextValue } from "./context";

/** Below this zoom a graph of many nodes is drawn on one canvas instead of as cards. */
export const FAR_ZOOM = 0.35;
export const NARROWEST_ZOOM = 0.05;
export const WIDEST_ZOOM = 2;
const PADDING = 0.08;
const LARGEST_FIT = 1;
const RAISE = 0.3;
const EDGE_PX = 16;

/** Whether it could: an editor that is not in sight has no size, and an empty graph nothing to show. */
export function fitView({ client, flow, root }: EditorContextValue, ids?: readonly string[]): boolean {
  const { nodes } = client.getState();
  const chosen = ids === undefined ? nodes : nodes.filter((node) => ids.includes(node.id));
  const bounds = boundsOf(chosen);
  const stage = root.querySelector(".nb-stage")?.getBoundingClientRect();
  if (bounds === null || stage === undefined || stage.width === 0) return false;
  const centred = getViewportForBounds(bounds, stage.width, stage.height, NARROWEST_ZOOM, LARGEST_FIT, PADDING);
  // Above the middle where there is room: cards grow downwards when their pictures come.
  const spare = Math.max(0, stage.height * (1 - 2 * PADDING) - bounds.height * centred.zoom);
  const viewport = { ...centred, y: centred.y - spare * RAISE };
  // Cards must be gone before all of them come into sight, and may be back only when few are.
  if (viewport.zoom < FAR_ZOOM) {
    client.setState({ far: true });
    requestAnimationFrame(() => void flow.current?.setViewport(viewport));
  } else {
    void flow.current?.setViewport(viewport).then(() => client.setState({ far: false }));
  }
  return true;
}

/** Pan just so far that a node is in sight. */
export function reveal(editor: EditorContextValue, id: string): void {
  revealBox(editor, boundsOf(editor.client.getState().nodes.filter((node) => node.id === id)));
}

/** Pan just so far that a frame is in sight. */
export function revealBox({ flow, root }: EditorContextValue, bounds: Rect | null): void {
  const stage = root.querySelector(".nb-stage")?.getBoundingClientRect();
  const viewport = flow.current?.getViewport();
  if (bounds === null || stage === undefined || viewport === undefined) return;
  const { zoom } = viewport;
  const x = shiftInto(bounds.x * zoom + viewport.x, bounds.width * zoom, stage.width);
  const y = shiftInto(bounds.y * zoom + viewport.y, bounds.height * zoom, stage.height);
  if (x !== 0 || y !== 0) void flow.current?.setViewport({ x: viewport.x + x, y: viewport.y + y, zoom });
}

/** How far a span must move to be inside `0..room`; its start counts more than its end. */
function shiftInto(start: number, length: number, room: number): number {
  const beyond = Math.max(0, start + length + EDGE_PX - room);
  return Math.max(EDGE_PX - start, 0) || -Math.min(beyond, Math.max(0, start - EDGE_PX));
}

function boundsOf(nodes: readonly FlowNode[]): Rect | null {
  const boxes = boxesOf(nodes);
  if (boxes.length === 0) return null;
  const left = min(boxes.map((box) => box.x));
  const top = min(boxes.map((box) => box.y));
  const right = -min(boxes.map((box) => -box.x - box.width));
  const bottom = -min(boxes.map((box) => -box.y - box.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Math.min of a list of any length. */
function min(numbers: readonly number[]): number {
  return numbers.reduce((least, number) => Math.min(least, number), Infinity);
}
