/** Seeds and what the next run does with them (docs/design/seeds.md). The kernel draws them; here is how it is said. */
import type { GraphNode, Value } from "./document";
import type { Op } from "./edits";
import { clampNumber, type NumberWidget, type Numeric, wholeNumber } from "./numbers";

/** ComfyUI's words, in the order of the menu. */
export const SEED_MODES = ["fixed", "randomize", "increment", "decrement"] as const;
export type SeedMode = (typeof SEED_MODES)[number];

const VIEW_MEMBER = "vary";
const HIGHEST_RANDOM = 2n ** 50n;

/** What the next run does with a seed: `fixed` where nothing is said, or a word that this version does not know. */
export function seedModeOf(node: GraphNode | undefined, input: string): SeedMode {
  const mode = modesOf(node)[input];
  return SEED_MODES.find((known) => known === mode) ?? "fixed";
}

export function seedModeOp(id: string, node: GraphNode, input: string, mode: SeedMode): Op {
  const { [input]: _old, ...others } = modesOf(node);
  const modes = mode === "fixed" ? others : { ...others, [input]: mode };
  const view = { [VIEW_MEMBER]: Object.keys(modes).length > 0 ? modes : null };
  return { op: "set_view", node: id, view };
}

function modesOf(node: GraphNode | undefined): Readonly<Record<string, Value>> {
  const modes = node?.view?.[VIEW_MEMBER];
  return typeof modes === "object" && modes !== null && !Array.isArray(modes) ? (modes as Record<string, Value>) : {};
}

/** A seed within the limits of its input. `bits`: 64 random bits. */
export function randomSeed(widget: NumberWidget, bits: bigint): Numeric {
  const low = widget.min === null || widget.min === undefined ? 0n : BigInt(widget.min);
  const high = widget.max === null || widget.max === undefined ? HIGHEST_RANDOM : BigInt(widget.max);
  const least = low < -HIGHEST_RANDOM ? -HIGHEST_RANDOM : low;
  const most = high > HIGHEST_RANDOM ? HIGHEST_RANDOM : high;
  const step = BigInt(Math.max(1, Math.round(Number(widget.step ?? 1))));
  const choices = most > least ? (most - least) / step + 1n : 1n;
  return clampNumber(wholeNumber(least + (bits % choices) * step), widget);
}

export function randomBits(): bigint {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return (BigInt(high) << 32n) | BigInt(low);
}
