/** Node types that turn what an output gives into what an input takes, so that one of them can be put between the two. */
import type { Point } from "./compose";
import { newNode } from "./compose";
import { type GraphDocument, type Link, REROUTE } from "./document";
import type { Op } from "./edits";
import type { WireEnd } from "./fitting";
import { controlInputs, plainInputs } from "./layout";
import { findType, type InputInfo, type Library, type NodeTypeInfo, offeredTypes } from "./library";
import { downstream, upstream } from "./neighbours";
import { ANY, type Connection, namesMatch, portNames } from "./ports";
import { outputTypeOf } from "./reroutes";

export interface Conversion {
  readonly type: NodeTypeInfo;
  /** Where the wire comes in, and where it goes out. */
  readonly input: string;
  readonly output: string;
  /** Links of its other required inputs. */
  readonly links: Readonly<Record<string, Link>>;
}

/**
 * The types that convert along a connection which does not fit, the simplest first. A type with other required inputs
 * counts where each of them has just one thing in the graph to be linked to.
 */
export function findConversions(document: GraphDocument, library: Library, link: Connection): Conversion[] {
  const from = outputType(document, library, link.source, link.output);
  const to = inputType(document, library, link.target, link.input);
  if (from === undefined || to === undefined || link.source === link.target) return [];
  const later = downstream(document, [link.target]);
  if (later.has(link.source)) return [];
  const found: Conversion[] = [];
  for (const type of offeredTypes(library)) {
    const input = type.inputs.find((port) => port.widget === null && matches(from, port.type));
    const output = type.outputs.find((port) => matches(port.type, to));
    if (input === undefined || output === undefined) continue;
    const links = linksFor(type, input, { document, library, later, source: link.source });
    if (links !== null) found.push({ type, input: input.name, output: output.name, links });
  }
  return found.sort((a, b) => effort(a) - effort(b) || a.type.title.localeCompare(b.type.title));
}

interface Search {
  readonly document: GraphDocument;
  readonly library: Library;
  /** What depends on the target: a link from there would close a loop. */
  readonly later: ReadonlySet<string>;
  readonly source: string;
}

function linksFor(type: NodeTypeInfo, main: InputInfo, search: Search): Record<string, Link> | null {
  const links: Record<string, Link> = {};
  for (const input of type.inputs) {
    if (input === main || input.widget !== null || input.required === false) continue;
    const source = onlySource(input.type, search);
    if (source === null) return null;
    links[input.name] = source;
  }
  return links;
}

/** The one output of a type in the graph or, where there are several, the one before the wire's start. */
function onlySource(type: string, { document, library, later, source }: Search): Link | null {
  const all: Link[] = [];
  for (const [id, node] of Object.entries(document.nodes)) {
    if (later.has(id)) continue;
    for (const output of findType(library, node.type)?.outputs ?? []) {
      if (matches(output.type, type)) all.push([id, output.name]);
    }
  }
  if (all.length === 1) return all[0] as Link;
  const before = upstream(document, [source]);
  const near = all.filter(([id]) => before.has(id));
  return near.length === 1 ? (near[0] as Link) : null;
}

/** A name in common. What takes or gives anything converts nothing. */
function matches(one: string, other: string): boolean {
  return !portNames(one).includes(ANY) && !portNames(other).includes(ANY) && namesMatch(one, other);
}

function effort({ type, links }: Conversion): number {
  return Object.keys(links).length * 10 + type.inputs.length + type.outputs.length;
}

/** The first port of a node, plain ones before those with a control, that a wire could end at through a conversion. */
export function convertibleLink(
  document: GraphDocument,
  library: Library,
  wire: WireEnd,
  node: string,
): Connection | null {
  const type = findType(library, document.nodes[node]?.type ?? "");
  const ports =
    wire.side === "source"
      ? [...plainInputs(type?.inputs ?? []), ...controlInputs(type?.inputs ?? [])]
      : (type?.outputs ?? []);
  for (const port of ports) {
    const link =
      wire.side === "source"
        ? { source: wire.node, output: wire.port, target: node, input: port.name }
        : { source: node, output: port.name, target: wire.node, input: wire.port };
    if (findConversions(document, library, link).length > 0) return link;
  }
  return null;
}

/** Put the converting node at a place and link it on both sides. */
export function conversionOps(link: Connection, conversion: Conversion, id: string, at: Point): Op[] {
  const links = { ...conversion.links, [conversion.input]: [link.source, link.output] as const };
  return [
    { op: "add_node", id, node: { ...newNode(conversion.type, at), links } },
    { op: "set_link", node: link.target, input: link.input, source: [id, conversion.output] },
  ];
}

/** Of a reroute the type of what comes through it. */
export function outputType(document: GraphDocument, library: Library, id: string, output: string): string | undefined {
  const name = document.nodes[id]?.type ?? "";
  if (name === REROUTE) return outputTypeOf(document, library, [id, output]);
  const type = findType(library, name);
  return type?.outputs.find((port) => port.name === output)?.type;
}

export function inputType(document: GraphDocument, library: Library, id: string, input: string): string | undefined {
  const type = findType(library, document.nodes[id]?.type ?? "");
  return type?.inputs.find((port) => port.name === input)?.type;
}
