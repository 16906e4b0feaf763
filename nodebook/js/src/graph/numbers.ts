/** Arithmetic of number inputs: limits, steps, scrubbing and typing, with whole numbers of 64 bits kept exact. */
import type { NumberLimit, Widget } from "./library";

export type NumberWidget = Extract<Widget, { kind: "number" }>;
export type Numeric = number | bigint;

/** A whole number as `number` where that is exact, else as `bigint`. */
export function wholeNumber(value: bigint): Numeric {
  const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return small ? Number(value) : value;
}

function toBigInt(value: Numeric): bigint {
  return typeof value === "bigint" ? value : BigInt(Math.round(value));
}

export function stepOf(widget: NumberWidget): number {
  const step = Number(widget.step ?? 0);
  if (step > 0) return widget.integer ? Math.max(1, Math.round(step)) : step;
  return widget.integer ? 1 : 0.01;
}

function limit(value: Numeric, low: NumberLimit | undefined, high: NumberLimit | undefined): Numeric {
  if (low !== null && low !== undefined && value < low) return low;
  if (high !== null && high !== undefined && value > high) return high;
  return value;
}

/** Bring a number into the limits of its input; a whole-number input rounds. NaN becomes the lower limit or 0. */
export function clampNumber(value: Numeric, widget: NumberWidget): Numeric {
  let result: Numeric = value;
  if (typeof result === "number" && Number.isNaN(result)) result = Number(widget.min ?? 0);
  if (widget.integer && typeof result === "number" && Number.isFinite(result)) result = Math.round(result);
  const inside = limit(result, widget.min, widget.max);
  return typeof inside === "bigint" ? wholeNumber(inside) : inside;
}

/** What a number input has; null where it has none, as an optional one may. Anything else counts as its nearest to 0. */
export function numberOf(value: unknown, widget: NumberWidget): Numeric | null {
  if (typeof value === "number" || typeof value === "bigint" || value === null) return value;
  return clampNumber(0, widget);
}

/** `value` plus `steps` steps, on the grid that the steps make, inside the limits. */
export function stepNumber(value: Numeric, steps: number, widget: NumberWidget): Numeric {
  const step = stepOf(widget);
  if (widget.integer) {
    const moved = toBigInt(value) + BigInt(Math.round(steps)) * BigInt(step);
    return clampNumber(wholeNumber(moved), widget);
  }
  const moved = Number(value) + steps * step;
  return clampNumber(roundTo(moved, decimalsOf(step) + 1), widget);
}

/** Read what was typed; null where it is no number. Whole numbers of any size are exact. */
export function parseNumber(text: string, widget: NumberWidget): Numeric | null {
  const typed = text.trim().replace(",", ".");
  if (/^[+-]?\d+$/.test(typed)) return clampNumber(wholeNumber(BigInt(typed)), widget);
  if (typed === "" || !Number.isFinite(Number(typed))) return null;
  return clampNumber(Number(typed), widget);
}

export function decimalsOf(step: number): number {
  const [, exponent] = step.toExponential().split("e");
  const digits = step.toString().split(".")[1]?.length ?? 0;
  return Math.min(12, Math.max(digits, -Number(exponent ?? 0), 0));
}

function roundTo(value: number, decimals: number): number {
  const factor = 10 ** Math.min(12, decimals);
  const rounded = Math.round(value * factor) / factor;
  return Number.isFinite(rounded) ? rounded : value;
}

/** A number as the control shows it: a float input keeps the point, so that 2 and 2.0 look different. */
export function formatNumber(value: unknown, widget: NumberWidget): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null) return "none";
  if (typeof value !== "number") return value === undefined ? "" : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (widget.integer) return Math.abs(value) < 1e21 ? BigInt(Math.round(value)).toString() : String(value);
  const shown = roundTo(value, Math.max(decimalsOf(stepOf(widget)) + 1, 4));
  const text = shown === 0 && value !== 0 ? value.toPrecision(3) : String(shown);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
