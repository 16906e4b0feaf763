/** Draws dragged cards to the edges and middles of the others that are in sight, and says along which lines. */
import type { NodeChange, NodePositionChange } from "@xyflow/react";
import { useMemo } from "react";
import { boundsOf, snapToOthers } from "../graph/arrange";
import type { Box } from "../graph/layout";
import { boxesOf, type FlowNode } from "../state/flow";
import { type EditorContextValue, useEditor } from "./context";

const REACH_PX = 6;
const NO_SHIFT = { dx: 0, dy: 0 };

type Change = NodeChange<FlowNode>;

export function useGuides(): (changes: Change[]) => Change[] {
  const editor = useEditor();
  return useMemo(() => {
    let shift = NO_SHIFT;
    return (changes: Change[]) => {
      const moves = changes.filter(isMove);
      if (moves.length === 0) return changes;
      const dragging = moves.some((move) => move.dragging);
      const { preferences, guides } = editor.client.getState();
      if (!preferences.guides || preferences.snap) return changes;
      const snap = dragging ? snapOf(editor, moves) : null;
      // React Flow forgets the shift: at the drop it is that of the last step.
      const by = snap ?? shift;
      shift = snap ?? NO_SHIFT;
      if (guides.length > 0 || (snap?.guides.length ?? 0) > 0) editor.client.setState({ guides: snap?.guides ?? [] });
      if (by.dx === 0 && by.dy === 0) return changes;
      return changes.map((change) =>
        isMove(change)
          ? { ...change, position: { x: change.position.x + by.dx, y: change.position.y + by.dy } }
          : change,
      );
    };
  }, [editor]);
}

type Move = NodePositionChange & { position: { x: number; y: number } };

function isMove(change: Change): change is Move {
  return change.type === "position" && change.position !== undefined;
}

function snapOf({ client, flow, root }: EditorContextValue, moves: readonly Move[]) {
  const { nodes } = client.getState();
  const to = new Map(moves.map((move) => [move.id, move.position]));
  const boxes = boxesOf(nodes);
  const moving: Box[] = [];
  const others: Box[] = [];
  const sight = inSight(flow.current?.getViewport(), root);
  boxes.forEach((box, index) => {
    const place = to.get(nodes[index]?.id ?? "");
    if (place !== undefined) moving.push({ ...box, ...place });
    else if (sight(box)) others.push(box);
  });
  if (moving.length === 0) return { ...NO_SHIFT, guides: [] };
  return snapToOthers(boundsOf(moving), others, REACH_PX / (flow.current?.getZoom() ?? 1));
}

function inSight(viewport: { x: number; y: number; zoom: number } | undefined, root: HTMLElement) {
  const stage = root.querySelector(".nb-stage");
  const { x, y, zoom } = viewport ?? { x: 0, y: 0, zoom: 1 };
  const [left, top] = [-x / zoom, -y / zoom];
  const [right, bottom] = [left + (stage?.clientWidth ?? 0) / zoom, top + (stage?.clientHeight ?? 0) / zoom];
  return (box: Box) => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top;
}
