/** Paints the minimap. The cards are on a layer of their own, so that panning a large graph only moves a frame over it. */
import { boundsOf } from "../graph/arrange";
import type { GraphDocument } from "../graph/document";
import type { Box } from "../graph/layout";
import { NOTE_TYPE } from "../graph/library";
import { type MapScale, mapScale } from "../graph/minimap";
import { cssColor } from "../graph/nodeColors";
import { boxesOf, type FlowNode } from "../state/flow";
import type { KernelState } from "../state/kernel";
import { readColors } from "./readColors";

export const WIDTH_PX = 160;
export const HEIGHT_PX = 104;
const MARGIN_PX = 6;
const SMALLEST_PX = 2;
/** So long the cards on the map stay where they are while some are dragged. */
const DRAG_MS = 200;

export interface Mapped {
  readonly nodes: readonly FlowNode[];
  readonly document: Pick<GraphDocument, "nodes">;
  readonly statuses: KernelState["statuses"];
}

export function createMap(root: HTMLElement) {
  const layer = root.ownerDocument.createElement("canvas");
  let drawn: readonly unknown[] = [];
  let time = -DRAG_MS;

  return {
    /** Returns the scale that it drew with; null where there is nothing to draw. */
    draw(canvas: HTMLCanvasElement, mapped: Mapped, sight: Box): MapScale | null {
      const context = canvas.getContext("2d");
      const boxes = boxesOf(mapped.nodes);
      if (context === null || boxes.length === 0) return null;
      const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
      const to = mapScale({ width: WIDTH_PX, height: HEIGHT_PX }, boundsOf(boxes), sight, MARGIN_PX);
      const { nodes, document, statuses } = mapped;
      const now = [nodes, document.nodes, statuses, root.dataset.theme, ratio, to.scale, to.dx, to.dy];
      const changed = now.some((one, index) => one !== drawn[index]);
      // A drag changes them at each move; the drop does once more.
      const waits = performance.now() - time < DRAG_MS && nodes.some((node) => node.dragging);
      if (changed && !waits) {
        drawCards(layer, root, mapped, boxes, to, ratio);
        drawn = now;
        time = performance.now();
      }
      resize(canvas, ratio);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(layer, 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawFrame(context, sight, to, readColors(root)("var(--nb-text)"));
      return to;
    },
  };
}

function resize(canvas: HTMLCanvasElement, ratio: number): void {
  const width = Math.round(WIDTH_PX * ratio);
  const height = Math.round(HEIGHT_PX * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function drawCards(
  layer: HTMLCanvasElement,
  root: HTMLElement,
  { nodes, document, statuses }: Mapped,
  boxes: readonly Box[],
  to: MapScale,
  ratio: number,
): void {
  const context = layer.getContext("2d");
  if (context === null) return;
  resize(layer, ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, WIDTH_PX, HEIGHT_PX);
  const colors = readColors(root);
  boxes.forEach((box, index) => {
    const id = nodes[index]?.id ?? "";
    const node = document.nodes[id];
    const own = cssColor(node?.view?.color) ?? (node?.type === NOTE_TYPE ? "var(--nb-type-7)" : "var(--nb-muted)");
    const failed = statuses[id]?.state === "failed";
    context.fillStyle = colors(nodes[index]?.selected ? "var(--nb-accent)" : failed ? "var(--nb-error)" : own);
    context.fillRect(
      box.x * to.scale + to.dx,
      box.y * to.scale + to.dy,
      Math.max(SMALLEST_PX, box.width * to.scale),
      Math.max(SMALLEST_PX, box.height * to.scale),
    );
  });
}

/** What of the graph is in sight. */
function drawFrame(context: CanvasRenderingContext2D, sight: Box, to: MapScale, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.strokeRect(
    Math.round(sight.x * to.scale + to.dx) + 0.5,
    Math.round(sight.y * to.scale + to.dy) + 0.5,
    Math.round(sight.width * to.scale) - 1,
    Math.round(sight.height * to.scale) - 1,
  );
}
