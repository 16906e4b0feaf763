/** What both sides of the benchmark share: the graph, the clock, and what the driver calls (benchmarks/bench_editor.py). */

export const COLUMN_PX = 320;
export const ROW_PX = 300;
export const CARD_PX = 240;
export const METHODS = ["nearest", "bilinear", "bicubic", "lanczos"];

/** Pixels of the page. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** One side of the benchmark. */
export interface Side {
  /** Make the document of so many nodes, before the clock starts. */
  prepare(count: number): void;
  /** Show a graph of so many nodes, whole, and resolve once it was painted. */
  show(count: number): Promise<void>;
  /** Show the middle of the graph at zoom 1. */
  comeNear(): Promise<void>;
  /** Show the whole graph. */
  fit(): Promise<void>;
  zoom(): number;
  /** Where the background shows, near the middle. */
  emptySpot(): Spot;
  /** Where a node can be taken, near the middle. */
  nodeSpot(): Spot;
}

/** A grid with wires from left to right: place and source of each node, by index. */
export function gridOf(count: number): { x: number; y: number; source: number | null }[] {
  const columns = Math.ceil(Math.sqrt(count));
  return Array.from({ length: count }, (_, index) => ({
    x: (index % columns) * COLUMN_PX,
    y: Math.floor(index / columns) * ROW_PX,
    source: index % columns === 0 ? null : index - 1,
  }));
}

/** The node in the middle of the grid. */
export function middleOf(count: number): number {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  return Math.min(count - 1, Math.floor(rows / 2) * columns + Math.floor(columns / 2));
}

export function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

/** Resolves after what is there now was painted. */
export async function painted(): Promise<void> {
  await nextFrame();
  await nextFrame();
}

const MOST_FRAMES = 1200;

/** Wait, frame by frame. Raises where it takes too long. */
export async function until(is: () => boolean): Promise<void> {
  for (let frame = 0; !is(); frame += 1) {
    if (frame > MOST_FRAMES) throw new Error(`Waited ${MOST_FRAMES} frames for: ${is}`);
    await nextFrame();
  }
}

/** Record the time of each frame until `stop`. */
function createRecorder() {
  let times: number[] = [];
  let on = false;
  const tick = (time: number) => {
    times.push(time);
    if (on) requestAnimationFrame(tick);
  };
  return {
    start() {
      times = [];
      on = true;
      requestAnimationFrame(tick);
    },
    /** Milliseconds of each frame. */
    stop(): number[] {
      on = false;
      return times.slice(1).map((time, index) => time - (times[index] as number));
    },
  };
}

/** Make a side available to the driver. */
export function publish(side: Side | null): void {
  const timedShow = async (count: number) => {
    const start = performance.now();
    await side?.show(count);
    return performance.now() - start;
  };
  Object.assign(globalThis, { bench: { side, timedShow, frames: createRecorder(), ready: true } });
}
