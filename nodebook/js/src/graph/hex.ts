/** Colours as `0xRRGGBB` numbers and as `#rrggbb`. */
import type { Value } from "./document";

const WHITE = 0xffffff;

export function hexOf(value: Value | undefined): string {
  if (typeof value === "number" && Number.isFinite(value)) {
    const inside = Math.min(WHITE, Math.max(0, Math.round(value)));
    return `#${inside.toString(16).padStart(6, "0")}`;
  }
  const parsed = typeof value === "string" ? parseHex(value) : null;
  return parsed === null ? "#000000" : hexOf(parsed);
}

/** Read `#rrggbb`, `rrggbb` or `#rgb`; null for anything else. */
export function parseHex(text: string): number | null {
  const digits = text.trim().replace(/^#/, "");
  if (/^[0-9a-f]{3}$/i.test(digits)) return Number.parseInt(digits.replace(/./g, "$&$&"), 16);
  return /^[0-9a-f]{6}$/i.test(digits) ? Number.parseInt(digits, 16) : null;
}
