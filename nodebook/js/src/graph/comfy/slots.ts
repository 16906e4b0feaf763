/** Where ComfyUI keeps the values of a node's controls: a list without names, in the order of the controls. */
import type { Value } from "../document";
import type { InputInfo, NodeTypeInfo } from "../library";

/** A slot of the list: an input's own, or one that ComfyUI's editor adds, with what it holds when nobody says. */
export type Slot =
  | { readonly input: InputInfo; readonly filler?: undefined }
  | { readonly input: null; readonly filler: Value };

const SEEDS = new Set(["seed", "noise_seed"]);

/** The slots of a type. A seed is followed by what happens to it after a run; an upload button has the last one. */
export function slotsOf(type: NodeTypeInfo): Slot[] {
  const slots: Slot[] = [];
  for (const input of type.inputs) {
    if (input.widget === null) continue;
    slots.push({ input });
    if (SEEDS.has(input.name) && input.type === "INT") slots.push({ input: null, filler: "fixed" });
  }
  if (type.inputs.some((input) => input.widget?.kind === "picture")) slots.push({ input: null, filler: "image" });
  return slots;
}

/** The values by name. Null where the list is not as long as the type's slots, with or without the added ones. */
export function valuesBySlot(type: NodeTypeInfo, values: readonly Value[]): Record<string, Value> | null {
  const slots = slotsOf(type);
  const own = slots.filter((slot) => slot.input !== null);
  const used = values.length === slots.length ? slots : values.length === own.length ? own : null;
  if (used === null) return null;
  const named: Record<string, Value> = {};
  for (const [index, { input }] of used.entries()) {
    if (input !== null) named[input.name] = values[index] as Value;
  }
  return named;
}
