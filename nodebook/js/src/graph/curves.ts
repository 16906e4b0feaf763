/** Curves that a person draws: points from left to right, and the smooth line through them. */
import type { Value } from "./document";

export type CurvePoint = readonly [x: number, y: number];
export type CurvePoints = readonly CurvePoint[];

export const STRAIGHT: CurvePoints = [
  [0, 0],
  [1, 1],
];
export const MOST_POINTS = 64;
/** Two points are never nearer than this. */
const LEAST_GAP = 0.002;
const DIGITS = 4;

/** The points of a value; the straight line where it is none. */
export function pointsOf(value: Value | undefined): CurvePoints {
  if (!Array.isArray(value) || value.length < 2) return STRAIGHT;
  const points = value.map((point) => (Array.isArray(point) ? [Number(point[0]), Number(point[1])] : []));
  const whole = points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  return whole ? (points as unknown as CurvePoint[]).sort((a, b) => a[0] - b[0]) : STRAIGHT;
}

/** Move a point as far as its neighbours and the frame let it. */
export function movePoint(points: CurvePoints, index: number, x: number, y: number): CurvePoints {
  const low = index > 0 ? (points[index - 1] as CurvePoint)[0] + LEAST_GAP : 0;
  const high = index < points.length - 1 ? (points[index + 1] as CurvePoint)[0] - LEAST_GAP : 1;
  const moved: CurvePoint = [rounded(Math.min(high, Math.max(low, x))), rounded(Math.min(1, Math.max(0, y)))];
  return points.map((point, at) => (at === index ? moved : point));
}

/** A new point; null where one is too near, or there are enough. `index` is where it stands. */
export function addPoint(points: CurvePoints, x: number, y: number): { points: CurvePoints; index: number } | null {
  const near = points.some((point) => Math.abs(point[0] - x) < LEAST_GAP);
  if (near || points.length >= MOST_POINTS || x < 0 || x > 1) return null;
  const index = points.filter((point) => point[0] < x).length;
  const added: CurvePoint = [rounded(x), rounded(Math.min(1, Math.max(0, y)))];
  return { points: [...points.slice(0, index), added, ...points.slice(index)], index };
}

/** Two points always stay. */
export function removePoint(points: CurvePoints, index: number): CurvePoints {
  return points.length <= 2 ? points : points.filter((_, at) => at !== index);
}

/**
 * The height of the curve at `x`: smooth, and between two points never beyond them. Monotone piecewise cubic
 * interpolation: Fritsch and Carlson, SIAM Journal on Numerical Analysis 17 (1980), 238–246, with their circle of radius 3
 * for the slopes. `nodebook/nodes/curves.py` has the same; both are tested by `tests/fixtures/curves.json`.
 */
export function curveAt(points: CurvePoints): (x: number) => number {
  const slopes = slopesOf(points);
  const [first, last] = [points[0] as CurvePoint, points.at(-1) as CurvePoint];
  return (x) => {
    if (x <= first[0]) return first[1];
    if (x >= last[0]) return last[1];
    const at = points.findIndex((point) => point[0] > x) - 1;
    const [x0, y0] = points[at] as CurvePoint;
    const [x1, y1] = points[at + 1] as CurvePoint;
    const width = x1 - x0;
    const t = (x - x0) / width;
    const left = (1 + 2 * t) * (1 - t) ** 2 * y0 + t * (1 - t) ** 2 * width * (slopes[at] as number);
    return left + t ** 2 * (3 - 2 * t) * y1 + t ** 2 * (t - 1) * width * (slopes[at + 1] as number);
  };
}

function slopesOf(points: CurvePoints): number[] {
  const secants = points.slice(1).map(([x, y], at) => {
    const [x0, y0] = points[at] as CurvePoint;
    return (y - y0) / (x - x0);
  });
  const between = secants.slice(1).map((after, at) => {
    const before = secants[at] as number;
    return before * after > 0 ? (before + after) / 2 : 0;
  });
  const slopes = [secants[0] as number, ...between, secants.at(-1) as number];
  secants.forEach((secant, at) => {
    if (secant === 0) {
      slopes[at] = 0;
      slopes[at + 1] = 0;
      return;
    }
    const [a, b] = [(slopes[at] as number) / secant, (slopes[at + 1] as number) / secant];
    if (a * a + b * b <= 9) return;
    const scale = 3 / Math.hypot(a, b);
    slopes[at] = scale * a * secant;
    slopes[at + 1] = scale * b * secant;
  });
  return slopes;
}

function rounded(value: number): number {
  return Number(value.toFixed(DIGITS));
}
