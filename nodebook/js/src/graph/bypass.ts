/** Which input a bypassed node passes on in place of each output; `engine/routing.py` decides the same for a run. */
import { type GraphNode, own } from "./document";
import { controlInputs, plainInputs } from "./layout";
import type { Ports } from "./library";
import { ANY, namesMatch } from "./ports";

export interface Passage {
  readonly input: string;
  readonly output: string;
  readonly type: string;
}

/** Outputs that get something: the wanted type is taken to be the output's own. */
export function passages(node: GraphNode, ports: Ports): Passage[] {
  // Sockets before controls, as ComfyUI counts inputs.
  const inputs = [...plainInputs(ports.inputs), ...controlInputs(ports.inputs)];
  const found: Passage[] = [];
  for (const [slot, output] of ports.outputs.entries()) {
    const input = choose(inputs, slot, output.type);
    if (input !== undefined && own(node.links, input) !== undefined) {
      found.push({ input, output: output.name, type: output.type });
    }
  }
  return found;
}

function choose(inputs: Ports["inputs"], slot: number, type: string): string | undefined {
  const same = inputs[slot];
  if (type === ANY) return (same ?? inputs[0])?.name;
  if (same !== undefined && namesMatch(same.type, type)) return same.name;
  const equal = inputs.find((input) => input.type === type);
  return (equal ?? inputs.find((input) => namesMatch(input.type, type)))?.name;
}
