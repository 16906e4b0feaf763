import { useStoreApi } from "@xyflow/react";
import { type PointerEvent, useEffect, useRef } from "react";
import { fromMap, type MapScale } from "../graph/minimap";
import type { ClientState } from "../state/client";
import { useClient, useEditor } from "./context";
import { createMap, HEIGHT_PX, WIDTH_PX } from "./drawMinimap";

/** From so many nodes on it is there without being asked for. */
const MANY_NODES = 24;

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
    const map = createMap(root);
    const draw = () => {
      frame = 0;
      if (canvas.current === null) return;
      const { transform, width, height } = flow.getState();
      const [x, y, zoom] = transform;
      const sight = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
      const { document, statuses } = kernel.getState();
      scale.current = map.draw(canvas.current, { nodes: client.getState().nodes, document, statuses }, sight);
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
