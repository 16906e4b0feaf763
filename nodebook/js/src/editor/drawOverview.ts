/** Draws a large graph from far away on one canvas: boxes, titles, wires. Thousands of cards in the page are too slow. */
import type { Point } from "../graph/compose";
import { type Mode, modeOf } from "../graph/document";
import { type Box, HEADER_HEIGHT } from "../graph/layout";
import { titleOf } from "../graph/library";
import { cssColor } from "../graph/nodeColors";
import { IDLE_STATUS } from "../protocol";
import { boxesOf, type FlowEdge, type FlowNode } from "../state/flow";
import type { KernelState } from "../state/kernel";
import { readColors } from "./readColors";
import { MODE_WORDS } from "./words";

/** Pan in pixels, then zoom, as React Flow has it. */
export type Transform = readonly [number, number, number];

export interface Scene {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  readonly kernel: Pick<KernelState, "document" | "library" | "statuses">;
  readonly transform: Transform;
  readonly colors: Palette;
}

export interface Palette {
  readonly card: string;
  readonly line: string;
  readonly text: string;
  readonly accent: string;
  readonly error: string;
  readonly good: string;
  /** The card's colour with some of a CSS colour in it: text on it stays readable. */
  readonly tint: (css: string) => string;
  /** By `var(--nb-type-N)`, as the edges have it. */
  readonly types: ReadonlyMap<string, string>;
}

const TYPE_COLORS = 10;
const TITLE_PX = 10;
const NARROWEST_TITLE_PX = 36;
const LOWEST_TITLE_PX = 14;
const WIRE_BEND = 0.4;
const FAINT = 0.4;

/** The values of the theme's variables; a canvas cannot read them itself. */
export function readPalette(root: HTMLElement): Palette {
  const probe = root.ownerDocument.createElement("i");
  probe.style.display = "none";
  root.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const numbers = Array.from({ length: TYPE_COLORS }, (_, number) => number);
  const palette: Palette = {
    card: read("--nb-card"),
    line: read("--nb-line-strong"),
    text: read("--nb-text"),
    accent: read("--nb-accent"),
    error: read("--nb-error"),
    good: read("--nb-good"),
    tint: (css) => readColors(root)(`color-mix(in srgb, ${css} 28%, var(--nb-card))`),
    types: new Map(numbers.map((number) => [`var(--nb-type-${number})`, read(`--nb-type-${number}`)])),
  };
  probe.remove();
  return palette;
}

/** The topmost node at a point of the graph, or null. */
export function nodeAt(nodes: readonly FlowNode[], at: Point): string | null {
  const boxes = keptBoxes(nodes);
  const hit = boxes.findLastIndex(
    ({ x, y, width, height }) => at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height,
  );
  return nodes[hit]?.id ?? null;
}

export function drawOverview(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const [panX, panY, zoom] = scene.transform;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const visible: Box = { x: -panX / zoom, y: -panY / zoom, width: width / zoom, height: height / zoom };
  context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * panX, ratio * panY);
  drawWires(context, scene);
  drawBoxes(context, scene, visible);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawTitles(context, scene, visible);
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** One path per colour, in the graph's pixels: strokes are the dear part. Kept while neither nodes nor wires change. */
function drawWires(context: CanvasRenderingContext2D, { nodes, edges, colors, transform }: Scene): void {
  const kept = wirePaths.get(edges);
  const paths = kept?.nodes === nodes ? kept.paths : pathsOf(nodes, edges);
  wirePaths.set(edges, { nodes, paths });
  context.lineWidth = Math.max(2, 1 / transform[2]);
  for (const [stroke, path] of paths) {
    context.strokeStyle = colors.types.get(stroke) ?? colors.line;
    context.stroke(path);
  }
}

const wirePaths = new WeakMap<
  readonly FlowEdge[],
  { readonly nodes: readonly FlowNode[]; readonly paths: ReadonlyMap<string, Path2D> }
>();

function pathsOf(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): ReadonlyMap<string, Path2D> {
  const boxes = new Map(keptBoxes(nodes).map((box, index) => [nodes[index]?.id, box]));
  const paths = new Map<string, Path2D>();
  for (const edge of edges) {
    const from = boxes.get(edge.source);
    const to = boxes.get(edge.target);
    if (from === undefined || to === undefined) continue;
    const start = { x: from.x + from.width, y: from.y + HEADER_HEIGHT };
    const end = { x: to.x, y: to.y + HEADER_HEIGHT };
    const stroke = String(edge.style?.stroke);
    const path = paths.get(stroke) ?? new Path2D();
    paths.set(stroke, path);
    const bend = Math.max(24, Math.abs(end.x - start.x) * WIRE_BEND);
    path.moveTo(start.x, start.y);
    path.bezierCurveTo(start.x + bend, start.y, end.x - bend, end.y, end.x, end.y);
  }
  return paths;
}

/** The boxes of these very nodes; while the view moves they stay the same. */
export function keptBoxes(nodes: readonly FlowNode[]): readonly Box[] {
  const found = boxLists.get(nodes) ?? boxesOf(nodes);
  boxLists.set(nodes, found);
  return found;
}

const boxLists = new WeakMap<readonly FlowNode[], readonly Box[]>();

function drawBoxes(context: CanvasRenderingContext2D, scene: Scene, visible: Box): void {
  const { nodes, kernel, colors, transform } = scene;
  const marks: Record<string, string> = { running: colors.accent, failed: colors.error, done: colors.good };
  const line = 1 / transform[2];
  for (const [index, box] of keptBoxes(nodes).entries()) {
    const node = nodes[index];
    if (node === undefined || !overlaps(box, visible)) continue;
    const { state, stale } = kernel.statuses[node.id] ?? IDLE_STATUS;
    const mode = modeOf(kernel.document.nodes[node.id]);
    const own = cssColor(kernel.document.nodes[node.id]?.view?.color);
    context.fillStyle = own === undefined ? colors.card : colors.tint(own);
    context.globalAlpha = mode === null ? 1 : FAINT;
    context.fillRect(box.x, box.y, box.width, box.height);
    context.globalAlpha = 1;
    const mark = stale && state === "done" ? undefined : marks[state];
    if (mark !== undefined) {
      context.fillStyle = mark;
      context.fillRect(box.x, box.y, state === "done" ? 3 * line : box.width, state === "done" ? box.height : 4 * line);
    }
    context.strokeStyle = node.selected ? colors.accent : state === "failed" ? colors.error : colors.line;
    context.lineWidth = node.selected || state === "failed" ? 2 * line : line;
    if (mode !== null) context.setLineDash([4 * line, 3 * line]);
    context.strokeRect(box.x, box.y, box.width, box.height);
    if (mode === null) continue;
    context.setLineDash([]);
    drawMode(context, mode, box, colors.text, line);
  }
}

/** A bypassed box has its wire drawn through, a muted one is struck out. */
function drawMode(context: CanvasRenderingContext2D, mode: Mode, box: Box, color: string, line: number): void {
  context.beginPath();
  context.moveTo(box.x, mode === "mute" ? box.y + box.height : box.y + HEADER_HEIGHT);
  context.lineTo(box.x + box.width, mode === "mute" ? box.y : box.y + HEADER_HEIGHT);
  context.strokeStyle = color;
  context.lineWidth = mode === "mute" ? line : 2 * line;
  context.stroke();
}

/** At the page's scale, cut to the box, where there is room. */
function drawTitles(context: CanvasRenderingContext2D, scene: Scene, visible: Box): void {
  const { nodes, kernel, colors, transform } = scene;
  const [panX, panY, zoom] = transform;
  context.fillStyle = colors.text;
  context.font = `${TITLE_PX}px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = "top";
  for (const [index, box] of keptBoxes(nodes).entries()) {
    const width = box.width * zoom;
    if (width < NARROWEST_TITLE_PX || box.height * zoom < LOWEST_TITLE_PX || !overlaps(box, visible)) continue;
    const known = kernel.document.nodes[nodes[index]?.id ?? ""];
    if (known === undefined) continue;
    const letters = Math.floor((width - 6) / (TITLE_PX * 0.56));
    const mode = modeOf(known);
    const title = [mode && MODE_WORDS[mode], titleOf(kernel.library, known)].filter(Boolean).join(": ");
    const text = title.length > letters ? `${title.slice(0, Math.max(1, letters - 1))}…` : title;
    context.fillText(text, box.x * zoom + panX + 4, box.y * zoom + panY + 4);
  }
}
