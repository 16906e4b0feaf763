/** Dots on wires: nodes that pass their only input on, and look like what they pass. */
import type { Point } from "./compose";
import { type Graph, type GraphDocument, type GraphNode, type Link, own, REROUTE } from "./document";
import type { Op } from "./edits";
import { findType, type Library } from "./library";
import type { Connection } from "./ports";

const ANY = "*";
export const REROUTE_INPUT = "value";
export const REROUTE_OUTPUT = "value";
export const REROUTE_SIZE = 24;

/** The port type of an output; of a reroute that of what it is linked to in the end. */
export function outputTypeOf(document: Graph, library: Library, [id, output]: Link): string {
  let link: Link | undefined = [id, output];
  let seen: Set<string> | undefined; // asked for every wire, and hardly one goes through a dot
  while (link !== undefined && !seen?.has(link[0])) {
    const [source, name]: readonly [string, string] = link;
    const node: GraphNode | undefined = own(document.nodes, source);
    if (node === undefined) return ANY;
    if (node.type !== REROUTE) {
      return findType(library, node.type)?.outputs.find((port) => port.name === name)?.type ?? ANY;
    }
    seen = (seen ?? new Set()).add(source);
    link = own(node.links, REROUTE_INPUT);
  }
  return ANY;
}

/** Put a dot on a wire. */
export function rerouteOps(document: GraphDocument, wire: Connection, id: string, at: Point): Op[] {
  const source = own(document.nodes[wire.target]?.links, wire.input);
  if (source === undefined) return [];
  const half = REROUTE_SIZE / 2;
  const view = { x: Math.round(at.x - half), y: Math.round(at.y - half) };
  return [
    { op: "add_node", id, node: { type: REROUTE, links: { [REROUTE_INPUT]: source }, view } },
    { op: "set_link", node: wire.target, input: wire.input, source: [id, REROUTE_OUTPUT] },
  ];
}

/** Take a dot off: what read it reads what it was linked to. */
export function withoutReroutes(document: GraphDocument, ids: readonly string[]): Op[] {
  const gone = new Set(ids);
  const ops: Op[] = [];
  for (const [node, { links }] of Object.entries(document.nodes)) {
    if (gone.has(node)) continue;
    for (const [input, link] of Object.entries(links ?? {})) {
      const end = past(document, link, gone);
      if (end !== link) ops.push({ op: "set_link", node, input, source: end });
    }
  }
  return ops;
}

function past(document: Graph, link: Link, gone: ReadonlySet<string>): Link | null {
  const seen = new Set<string>();
  let end: Link | null = link;
  while (end !== null && gone.has(end[0]) && document.nodes[end[0]]?.type === REROUTE && !seen.has(end[0])) {
    seen.add(end[0]);
    end = own(document.nodes[end[0]]?.links, REROUTE_INPUT) ?? null;
  }
  return end;
}
