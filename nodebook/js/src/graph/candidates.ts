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

/** Links that may end at an input: from outputs that fit and close no loop, the last of the running order first. */
export function linksToInput(document: GraphDocument, library: Library, target: string, input: string): Candidate[] {
  const node = document.nodes[target];
  const type = findType(library, node?.type ?? "")?.inputs.find((one) => one.name === input)?.type;
  if (type === undefined) return [];
  const after = descendantsOf(document, target);
  const current = own(node?.links, input);
  const found: Candidate[] = [];
  for (const source of runningOrder(document).reverse()) {
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
