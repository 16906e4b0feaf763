/** The ports of a graph that a given port can be connected with: what a person chooses from who draws no wires. */
import { type GraphDocument, own } from "./document";
import { findType, type Library, NOTE_TYPE } from "./library";
import { ancestorsOf, descendantsOf, runningOrder } from "./order";
import { type Connection, typesFit } from "./ports";

export interface Candidate extends Connection {
  /** The input has a link already, which this one would replace. */
  readonly taken: boolean;
}

/** Links that may start at an output: to inputs that fit and close no loop. Free inputs first, nearest in running order. */
export function linksFromOutput(document: GraphDocument, library: Library, source: string, output: string) {
  const type = typeOfOutput(document, library, source, output);
  if (type === undefined) return [];
  const before = ancestorsOf(document, source);
  const found: Candidate[] = [];
  for (const target of runningOrder(document)) {
    if (before.has(target)) continue;
    const node = document.nodes[target];
    for (const input of findType(library, node?.type ?? "")?.inputs ?? []) {
      if (!typesFit(type, input.type, library.adapters)) continue;
      const link = own(node?.links, input.name);
      if (link?.[0] === source && link[1] === output) continue;
      found.push({ source, output, target, input: input.name, taken: link !== undefined });
    }
  }
  return found.sort((a, b) => Number(a.taken) - Number(b.taken));
}

/** Links that may end at an input: from outputs that fit and close no loop. First what runs just before the node. */
export function linksToInput(document: GraphDocument, library: Library, target: string, input: string): Candidate[] {
  const node = document.nodes[target];
  const type = findType(library, node?.type ?? "")?.inputs.find((one) => one.name === input)?.type;
  if (type === undefined) return [];
  const after = descendantsOf(document, target);
  const current = own(node?.links, input);
  const found: Candidate[] = [];
  const order = runningOrder(document);
  const at = order.indexOf(target);
  for (const source of [...order.slice(0, at).reverse(), ...order.slice(at + 1)]) {
    if (after.has(source)) continue;
    for (const output of findType(library, document.nodes[source]?.type ?? "")?.outputs ?? []) {
      if (!typesFit(output.type, type, library.adapters)) continue;
      if (current?.[0] === source && current[1] === output.name) continue;
      found.push({ source, output: output.name, target, input, taken: current !== undefined });
    }
  }
  return found;
}

export function typeOfOutput(document: GraphDocument, library: Library, source: string, output: string) {
  const node = document.nodes[source];
  if (node === undefined || node.type === NOTE_TYPE) return undefined;
  return findType(library, node.type)?.outputs.find((one) => one.name === output)?.type;
}
