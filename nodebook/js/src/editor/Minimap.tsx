import { useStoreApi } from "@xyflow/react";
import { type PointerEvent, useEffect, useRef } from "react";
import { boundsOf } from "../graph/arrange";
import type { Box } from "../graph/layout";
import { NOTE_TYPE } from "../graph/library";
import { fromMap, type MapScale, mapScale } from "../graph/minimap";
import { cssColor } from "../graph/nodeColors";
import type { ClientState } from "../state/client";
import { boxesOf } from "../state/flow";
import { useClient, useEditor } from "./context";
import { readColors } from "./readColors";

/** From so many nodes on it is there without being asked for. */
const MANY_NODES = 24;
const WIDTH_PX = 160;
const HEIGHT_PX = 104;
const MARGIN_PX = 6;
const SMALLEST_PX = 2;

export function isMinimapShown({ preferences, nodes }: Pick<ClientState, "preferences" | "nodes">): boolean {
  return nodes.length > 0 && (preferences.minimap ?? nodes.length >= MANY_NODES);
}

/**
 * The whole graph, small, in a corner: press or drag to go there. It is for the pointer; the keys for the same are those of
 * moving the view, of zooming and of going from node to node.
 */
export function Minimap() {
  const shown = useClient(isMinimapShown);
  return shown ? <OpenMinimap /> : null;
}

function OpenMinimap() {
  const { flow } = useEditor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = useRef<MapScale | null>(null);
  useDrawing(canvas, scale);
  const go = (event: PointerEvent<HTMLElement>) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined || scale.current === null) return;
    const { x, y } = fromMap(scale.current, { x: event.clientX - box.left, y: event.clientY - box.top });
    void flow.current?.setCenter(x, y, { zoom: flow.current.getZoom() });
  };
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing gives it the focus
    <canvas
      ref={canvas}
      className="nb-minimap"
      data-testid="nb-minimap"
      aria-hidden="true"
      title="Press or drag to go there"
      style={{ width: WIDTH_PX, height: HEIGHT_PX }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && go(event)}
    />
  );
}

/** Draws again, at most once a frame, when the graph, the states, the view or the theme change. */
function useDrawing(canvas: React.RefObject<HTMLCanvasElement | null>, scale: React.RefObject<MapScale | null>): void {
  const { client, kernel, root } = useEditor();
  const flow = useStoreApi();
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (canvas.current === null) return;
      const { transform, width, height } = flow.getState();
      const [x, y, zoom] = transform;
      const sight = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
      scale.current = drawMap(canvas.current, root, client.getState().nodes, kernel.getState(), sight);
    };
    const ask = () => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    const themes = new MutationObserver(ask);
    themes.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    const stops = [client.subscribe(ask), kernel.subscribe(ask), flow.subscribe(ask)];
    draw();
    return () => {
      cancelAnimationFrame(frame);
      themes.disconnect();
      for (const stop of stops) stop();
    };
  }, [client, kernel, flow, root, canvas, scale]);
}

type Kernel = ReturnType<ReturnType<typeof useEditor>["kernel"]["getState"]>;

function drawMap(
  canvas: HTMLCanvasElement,
  root: HTMLElement,
  nodes: ClientState["nodes"],
  { document, statuses }: Kernel,
  sight: Box,
): MapScale | null {
  const context = canvas.getContext("2d");
  const boxes = boxesOf(nodes);
  if (context === null || boxes.length === 0) return null;
  const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
  canvas.width = Math.round(WIDTH_PX * ratio);
  canvas.height = Math.round(HEIGHT_PX * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const colors = readColors(root);
  const to = mapScale({ width: WIDTH_PX, height: HEIGHT_PX }, boundsOf(boxes), sight, MARGIN_PX);
  boxes.forEach((box, index) => {
    const id = nodes[index]?.id ?? "";
    const node = document.nodes[id];
    const failed = statuses[id]?.state === "failed";
    const own = cssColor(node?.view?.color) ?? (node?.type === NOTE_TYPE ? "var(--nb-type-7)" : "var(--nb-muted)");
    context.fillStyle = colors(nodes[index]?.selected ? "var(--nb-accent)" : failed ? "var(--nb-error)" : own);
    context.fillRect(
      box.x * to.scale + to.dx,
      box.y * to.scale + to.dy,
      Math.max(SMALLEST_PX, box.width * to.scale),
      Math.max(SMALLEST_PX, box.height * to.scale),
    );
  });
  context.strokeStyle = colors("var(--nb-text)");
  context.lineWidth = 1;
  context.strokeRect(
    Math.round(sight.x * to.scale + to.dx) + 0.5,
    Math.round(sight.y * to.scale + to.dy) + 0.5,
    Math.round(sight.width * to.scale) - 1,
    Math.round(sight.height * to.scale) - 1,
  );
  return to;
}
