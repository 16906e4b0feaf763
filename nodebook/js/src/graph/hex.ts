/** Colours as `0xRRGGBB` numbers and as `#rrggbb`. */
import type { GraphDocument, Value } from "./document";
import { findType, type Library } from "./library";

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

/** A colour with how opaque it is, 0 to 255; null: nothing is said of that. */
export interface Color {
  readonly rgb: number;
  readonly alpha: number | null;
}

const OPAQUE = 255;

/** Read `#rrggbb` or `#rrggbbaa`, with or without `#`, or `#rgb`; null for anything else. */
export function parseColor(text: string): Color | null {
  const digits = text.trim().replace(/^#/, "");
  if (/^[0-9a-f]{8}$/i.test(digits)) {
    return { rgb: Number.parseInt(digits.slice(0, 6), 16), alpha: Number.parseInt(digits.slice(6), 16) };
  }
  const rgb = parseHex(digits);
  return rgb === null ? null : { rgb, alpha: null };
}

/** The colour of a value; black where it is none. */
export function colorOf(value: Value | undefined): Color {
  const parsed = typeof value === "string" ? parseColor(value) : null;
  return parsed ?? { rgb: parseHex(hexOf(value)) ?? 0, alpha: null };
}

export function colorText({ rgb, alpha }: Color, withAlpha: boolean): string {
  const text = hexOf(rgb);
  return withAlpha ? `${text}${(alpha ?? OPAQUE).toString(16).padStart(2, "0")}` : text;
}

const MOST_USED = 12;

/** The colours that inputs of a graph have, each once. */
export function usedColors(document: GraphDocument, library: Library): number[] {
  const found = new Set<number>();
  for (const node of Object.values(document.nodes)) {
    for (const input of findType(library, node.type)?.inputs ?? []) {
      const value = node.values?.[input.name];
      if (input.widget?.kind === "color" && value !== undefined) found.add(colorOf(value).rgb);
    }
  }
  return [...found].slice(0, MOST_USED);
}
