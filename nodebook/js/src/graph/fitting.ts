/** Which nodes a wire that is being pulled may end at. */
import type { GraphDocument } from "./document";
import { findType, type Library, type NodeTypeInfo } from "./library";
import { downstream, upstream } from "./neighbours";
import { firstFittingInput, firstFittingOutput } from "./ports";

/** The end of a wire that is fixed. `source`: it was pulled from an output. */
export interface WireEnd {
  readonly node: string;
  readonly port: string;
  readonly side: "source" | "target";
  readonly type: string;
}

/** The port of a node type at which the wire may end, or undefined. */
export function portFor(type: NodeTypeInfo, wire: WireEnd, adapters: Library["adapters"]): string | undefined {
  return wire.side === "source"
    ? firstFittingInput(type, wire.type, adapters)
    : firstFittingOutput(type, wire.type, adapters);
}

/** The nodes that have a port which takes the wire, and which would not close a loop; the wire's own node is one. */
export function fittingNodes(document: GraphDocument, library: Library, wire: WireEnd): Set<string> {
  const loops = wire.side === "source" ? upstream(document, [wire.node]) : downstream(document, [wire.node]);
  const fits = new Map<string, boolean>();
  const found = new Set([wire.node]);
  for (const [id, node] of Object.entries(document.nodes)) {
    if (loops.has(id)) continue;
    const type = findType(library, node.type);
    if (type === undefined) continue;
    let fit = fits.get(node.type);
    if (fit === undefined) {
      fit = portFor(type, wire, library.adapters) !== undefined;
      fits.set(node.type, fit);
    }
    if (fit) found.add(id);
  }
  return found;
}
