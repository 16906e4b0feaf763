/** Putting a node into a wire: what came through it goes through the node. */
import { inputType, outputType } from "./conversions";
import { linkMakesCycle } from "./cycles";
import { type GraphDocument, own } from "./document";
import type { Op } from "./edits";
import { findType, type Library, type NodeTypeInfo } from "./library";
import { type Connection, typesFit } from "./ports";

/** The ports of the node by which the wire goes in and out. */
export interface Insertion {
  readonly input: string;
  readonly output: string;
}

/** How a new node of a type fits into a wire, or null. Inputs without a control come first. */
export function findInsertion(
  document: GraphDocument,
  library: Library,
  wire: Connection,
  type: NodeTypeInfo,
): Insertion | null {
  return insertionOf(document, library, wire, type, () => true);
}

/** How a node of the graph fits into a wire, or null: by an input that has no link, and without closing a loop. */
export function findInsertionOfNode(
  document: GraphDocument,
  library: Library,
  wire: Connection,
  id: string,
): Insertion | null {
  const node = document.nodes[id];
  const type = node && findType(library, node.type);
  if (type === undefined || id === wire.source || id === wire.target) return null;
  if (linkMakesCycle(document, wire.source, id) || linkMakesCycle(document, id, wire.target)) return null;
  return insertionOf(document, library, wire, type, (input) => own(node?.links, input) === undefined);
}

function insertionOf(
  document: GraphDocument,
  library: Library,
  wire: Connection,
  type: NodeTypeInfo,
  isFree: (input: string) => boolean,
): Insertion | null {
  const from = outputType(document, library, wire.source, wire.output);
  const to = inputType(document, library, wire.target, wire.input);
  if (from === undefined || to === undefined) return null;
  const takers = type.inputs.filter((port) => typesFit(from, port.type, library.adapters) && isFree(port.name));
  const input = takers.find((port) => port.widget === null) ?? takers[0];
  const output = type.outputs.find((port) => typesFit(port.type, to, library.adapters));
  return input === undefined || output === undefined ? null : { input: input.name, output: output.name };
}

/** The two links that replace the wire. */
export function insertionOps(wire: Connection, id: string, { input, output }: Insertion): Op[] {
  return [
    { op: "set_link", node: id, input, source: [wire.source, wire.output] },
    { op: "set_link", node: wire.target, input: wire.input, source: [id, output] },
  ];
}
