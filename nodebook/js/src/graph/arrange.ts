/** Lining cards up: places in, places out. Cards that stay are not in the answer. */
import type { Point } from "./compose";
import type { Box } from "./layout";

/** A card's place and size, as it is shown. */
export interface Placed extends Box {
  readonly id: string;
}

export type Edge = "left" | "center" | "right" | "top" | "middle" | "bottom";
export type Axis = "horizontal" | "vertical";

/** Bring one edge, or the middle, of all boxes onto one line: the outermost edge, or the middle of them all. */
export function alignPlaces(boxes: readonly Placed[], edge: Edge): Map<string, Point> {
  const around = boundsOf(boxes);
  const places: Readonly<Record<Edge, (box: Placed) => Point>> = {
    left: ({ y }) => ({ x: around.x, y }),
    center: ({ y, width }) => ({ x: around.x + (around.width - width) / 2, y }),
    right: ({ y, width }) => ({ x: around.x + around.width - width, y }),
    top: ({ x }) => ({ x, y: around.y }),
    middle: ({ x, height }) => ({ x, y: around.y + (around.height - height) / 2 }),
    bottom: ({ x, height }) => ({ x, y: around.y + around.height - height }),
  };
  return moved(boxes, places[edge]);
}

/** Least gap that cards are spread to; less room between the outer two makes the whole wider. */
const LEAST_GAP = 16;

/** Make the gaps between boxes equal. The first stays, and so does the last where there is room. */
export function distributePlaces(boxes: readonly Placed[], axis: Axis): Map<string, Point> {
  const [start, size] = axis === "horizontal" ? (["x", "width"] as const) : (["y", "height"] as const);
  const sorted = [...boxes].sort((a, b) => a[start] + a[size] / 2 - (b[start] + b[size] / 2) || byId(a, b));
  const first = sorted[0];
  const last = sorted.at(-1);
  if (first === undefined || last === undefined || sorted.length < 3) return new Map();
  const filled = sorted.reduce((sum, box) => sum + box[size], 0);
  const gap = Math.max(LEAST_GAP, (last[start] + last[size] - first[start] - filled) / (sorted.length - 1));
  let at = first[start];
  const starts = new Map<string, number>();
  for (const box of sorted) {
    starts.set(box.id, at);
    at += box[size] + gap;
  }
  return moved(boxes, ({ id, x, y }) => ({ x, y, [start]: starts.get(id) ?? 0 }));
}

/** The width that cards get which are to be of one width: that of the widest. */
export function sameWidth(boxes: readonly Placed[]): number {
  return Math.round(boxes.reduce((most, box) => Math.max(most, box.width), 0));
}

function moved(boxes: readonly Placed[], placeOf: (box: Placed) => Point): Map<string, Point> {
  const places = new Map<string, Point>();
  for (const box of boxes) {
    const { x, y } = placeOf(box);
    const place = { x: Math.round(x), y: Math.round(y) };
    if (place.x !== box.x || place.y !== box.y) places.set(box.id, place);
  }
  return places;
}

export function boundsOf(boxes: readonly Box[]): Box {
  const x = least(boxes.map((box) => box.x));
  const y = least(boxes.map((box) => box.y));
  const right = -least(boxes.map((box) => -box.x - box.width));
  const bottom = -least(boxes.map((box) => -box.y - box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** Math.min of a list of any length. */
function least(numbers: readonly number[]): number {
  return numbers.reduce((low, number) => Math.min(low, number), Infinity);
}

function byId(a: Placed, b: Placed): number {
  return a.id < b.id ? -1 : 1;
}

/** A line on which a moving box is level with others: from `from` to `to` along the other axis, both in graph pixels. */
export interface Guide {
  readonly axis: Axis;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

export interface Snap {
  readonly dx: number;
  readonly dy: number;
  readonly guides: readonly Guide[];
}

/** How far a box that is being moved goes to be level with another one, within `reach` pixels, and along which lines. */
export function snapToOthers(box: Box, others: readonly Box[], reach: number): Snap {
  const dx = nearest(linesAcross(box), others.flatMap(linesAcross), reach);
  const dy = nearest(linesDown(box), others.flatMap(linesDown), reach);
  const there = { ...box, x: box.x + (dx ?? 0), y: box.y + (dy ?? 0) };
  const guides: Guide[] = [];
  if (dx !== null) guides.push(...guidesOf(there, others, "vertical"));
  if (dy !== null) guides.push(...guidesOf(there, others, "horizontal"));
  return { dx: dx ?? 0, dy: dy ?? 0, guides };
}

function linesAcross({ x, width }: Box): number[] {
  return [x, x + width / 2, x + width];
}

function linesDown({ y, height }: Box): number[] {
  return [y, y + height / 2, y + height];
}

/** The smallest shift that brings like onto like: left to left or right, middle to middle. */
function nearest(own: readonly number[], others: readonly number[], reach: number): number | null {
  let best: number | null = null;
  own.forEach((line, kind) => {
    others.forEach((other, index) => {
      const isMiddle = kind === 1;
      if (isMiddle !== (index % 3 === 1)) return;
      const shift = other - line;
      if (Math.abs(shift) <= reach && (best === null || Math.abs(shift) < Math.abs(best))) best = shift;
    });
  });
  return best;
}

const LEVEL = 0.5;

/** One guide for each line of the box that others share, as long as all of them. */
function guidesOf(box: Box, others: readonly Box[], axis: Axis): Guide[] {
  const [linesOf, start, size] =
    axis === "vertical" ? ([linesAcross, "y", "height"] as const) : ([linesDown, "x", "width"] as const);
  const guides: Guide[] = [];
  linesOf(box).forEach((at, kind) => {
    const level = others.filter((other) =>
      linesOf(other).some((line, index) => Math.abs(line - at) < LEVEL && (kind === 1) === (index === 1)),
    );
    if (level.length === 0) return;
    const all = [box, ...level];
    guides.push({
      axis,
      at,
      from: Math.min(...all.map((one) => one[start])),
      to: Math.max(...all.map((one) => one[start] + one[size])),
    });
  });
  return guides;
}
