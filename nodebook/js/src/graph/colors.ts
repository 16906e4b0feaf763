/** Which colour of the palette a port type has. The palette (Okabe and Ito's, for colour-blind readers) is in CSS. */
import { portNames } from "./ports";

/** Numbers of `--nb-type-N` in styles/theme.css. 0 is the neutral grey of "anything". */
const KNOWN: Readonly<Record<string, number>> = {
  "*": 0,
  IMAGE: 1,
  MASK: 2,
  LATENT: 3,
  MODEL: 4,
  CLIP: 5,
  VAE: 6,
  CONDITIONING: 7,
  INT: 8,
  FLOAT: 8,
  STRING: 9,
  COMBO: 9,
  BOOLEAN: 0,
};

/** Colours that a type which is not in the table can get: all but the grey. */
const CHOICES = 9;

/** A stable number of the palette for a port type. A union has the colour of its first name. */
export function colorNumber(type: string): number {
  const name = portNames(type)[0] ?? "*";
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  return known ?? 1 + (hash(name) % CHOICES);
}

export function colorOf(type: string): string {
  return `var(--nb-type-${colorNumber(type)})`;
}

/** FNV-1a over the UTF-16 units. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return state;
}
