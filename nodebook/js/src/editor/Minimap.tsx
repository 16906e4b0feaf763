import { useStoreApi } from "@xyflow/react";
import { type PointerEvent, useEffect, useRef } from "react";
import { boundsOf } from "../graph/arrange";
import type { Box } from "../graph/layout";
import { NOTE_TYPE } from "../graph/library";
import { fromMap, type MapScale, mapScale } from "../graph/minimap";
import { cssColor } from "../graph/nodeColors";
import type { ClientState } from "../state/client";
import { useClient, useEditor } from "./context";
import { keptBoxes } from "./drawOverview";
import { readColors } from "./readColors";

/** From so many nodes on it is there without being asked for. */
const MANY_NODES = 24;
const WIDTH_PX = 160;
const HEIGHT_PX = 104;
const MARGIN_PX = 6;
const SMALLEST_PX = 2;
/** So long the boxes stay as they are while cards move. */
const LAYER_MS = 200;
const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

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
    let timer: ReturnType<typeof setTimeout> | undefined;
    const layer = createLayer(root);
    const draw = () => {
      frame = 0;
      if (canvas.current === null) return;
      const { transform, width, height } = flow.getState();
      const [x, y, zoom] = transform;
      const sight = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
      const scene = { nodes: client.getState().nodes, kernel: kernel.getState(), root };
      scale.current = drawMap(canvas.current, scene, sight, layer);
      if (isStale(layer, scene)) timer ??= setTimeout(askLater, LAYER_MS);
    };
    const askLater = () => {
      timer = undefined;
      ask();
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
      clearTimeout(timer);
      themes.disconnect();
      for (const stop of stops) stop();
    };
  }, [client, kernel, flow, root, canvas, scale]);
}

type Kernel = ReturnType<ReturnType<typeof useEditor>["kernel"]["getState"]>;

interface Scene {
  readonly nodes: ClientState["nodes"];
  readonly kernel: Kernel;
  readonly root: HTMLElement;
}

/** The boxes as they were drawn last: for each frame they are copied, not drawn; and drawn again only now and then. */
interface Layer {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D | null;
  bounds: Box;
  /** What it shows, at what scale, and when it was drawn. */
  content: readonly unknown[];
  scale: readonly number[];
  time: number;
}

function createLayer(root: HTMLElement): Layer {
  const canvas = root.ownerDocument.createElement("canvas");
  return { canvas, context: canvas.getContext("2d"), bounds: NOWHERE, content: [], scale: [], time: -LAYER_MS };
}

const contentOf = ({ nodes, kernel, root }: Scene) => [nodes, kernel.document, kernel.statuses, root.dataset.theme];
const differ = (a: readonly unknown[], b: readonly unknown[]) => a.some((part, at) => part !== b[at]);
const isStale = (layer: Layer, scene: Scene) => differ(contentOf(scene), layer.content);

function drawMap(canvas: HTMLCanvasElement, scene: Scene, sight: Box, layer: Layer): MapScale | null {
  const context = canvas.getContext("2d");
  if (context === null || scene.nodes.length === 0) return null;
  const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
  const isDue = isStale(layer, scene) && performance.now() - layer.time >= LAYER_MS;
  if (isDue) layer.bounds = boundsOf([...keptBoxes(scene.nodes)]);
  const to = mapScale({ width: WIDTH_PX, height: HEIGHT_PX }, layer.bounds, sight, MARGIN_PX);
  const scale = [ratio, to.scale, to.dx, to.dy];
  if (isDue || differ(scale, layer.scale)) {
    Object.assign(layer, { content: contentOf(scene), scale, time: performance.now() });
    drawLayer(layer, scene, to, ratio);
  }
  resize(canvas, ratio);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(layer.canvas, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.strokeStyle = readColors(scene.root)("var(--nb-text)");
  context.lineWidth = 1;
  context.strokeRect(
    Math.round(sight.x * to.scale + to.dx) + 0.5,
    Math.round(sight.y * to.scale + to.dy) + 0.5,
    Math.round(sight.width * to.scale) - 1,
    Math.round(sight.height * to.scale) - 1,
  );
  return to;
}

/** Only where it is of another size: a canvas that gets its own size again is made anew. */
function resize(canvas: HTMLCanvasElement, ratio: number): void {
  const [width, height] = [Math.round(WIDTH_PX * ratio), Math.round(HEIGHT_PX * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function drawLayer({ canvas, context }: Layer, { nodes, kernel, root }: Scene, to: MapScale, ratio: number): void {
  if (context === null) return;
  const { document, statuses } = kernel;
  resize(canvas, ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, WIDTH_PX, HEIGHT_PX);
  const colors = readColors(root);
  keptBoxes(nodes).forEach((box, index) => {
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
}
