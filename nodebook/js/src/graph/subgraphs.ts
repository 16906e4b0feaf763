/** Making a subgraph of nodes and taking an instance apart: documents in, operations out. As `engine/making.py` does it. */
import { definitionsOf } from "./clipDefinitions";
import type { Point } from "./compose";
import {
  type BoundaryPort,
  compareIds,
  type Graph,
  type GraphDocument,
  type GraphNode,
  INSTANCE,
  type Link,
  own,
  positionOf,
  SUBGRAPH_INPUTS,
  SUBGRAPH_OUTPUTS,
  subgraphIdOf,
  type Value,
} from "./document";
import type { Op } from "./edits";
import { CARD_WIDTH } from "./layout";
import { findType, type Library } from "./library";
import { ANY } from "./ports";

const COLUMN = 320;
/** Nodes by which code sets values of a run: those of the top graph, so that they stay there. */
const NAMED_INPUTS = new Set(["InputBoolean", "InputInt", "InputFloat", "InputString"]);

/** Inputs or outputs of a subgraph that is being made: one for each output that is read, each name once. */
class NewPorts {
  readonly #found = new Map<string, { readonly port: BoundaryPort; readonly link: Link }>();

  name(link: Link, wanted: string, type: string): string {
    const key = JSON.stringify(link);
    const known = this.#found.get(key);
    if (known !== undefined) return known.port.name;
    const name = freeName(wanted, this.ports);
    this.#found.set(key, { port: { name, type }, link });
    return name;
  }

  get ports(): BoundaryPort[] {
    return [...this.#found.values()].map(({ port }) => port);
  }

  get links(): Record<string, Link> {
    return Object.fromEntries([...this.#found.values()].map(({ port, link }) => [port.name, link]));
  }
}

/** `wanted`, or with a number behind it where a port has that name. */
export function freeName(wanted: string, ports: readonly { readonly name: string }[], gap = "_"): string {
  const taken = new Set(ports.map((port) => port.name));
  let name = wanted;
  for (let turn = 2; taken.has(name); turn += 1) name = `${wanted}${gap}${turn}`;
  return name;
}

export interface NewSubgraph {
  /** An id that no subgraph has. */
  readonly id: string;
  readonly name: string;
  /** The instance, and the two nodes of the boundary. */
  readonly ids: readonly [instance: string, inputs: string, outputs: string];
  /** Where a node is shown, which one without a place of its own does not know. */
  readonly placeOf?: (id: string) => Point | undefined;
  /** Where the instance goes, with so many rows of ports, that is wanted at a point; left out: there. */
  readonly placeNear?: (wanted: Point, rows: number) => Point;
}

/**
 * Put nodes into a subgraph, with an instance in their place. Links from outside become inputs; outputs that are read
 * from outside, or by nobody, become outputs. Named inputs stay outside; nothing is made of them alone.
 */
export function makeSubgraphOps(
  document: GraphDocument,
  library: Library,
  chosen: readonly string[],
  made: NewSubgraph,
): Op[] {
  const ids = chosen.filter((id) => isMovable(own(document.nodes, id)?.type)).sort(compareIds);
  const inside = new Set(ids);
  if (ids.length === 0) return [];
  const [instance, inputsId, outputsId] = made.ids;
  const inputs = new NewPorts();
  const outputs = new NewPorts();
  const placeOf = (id: string) => made.placeOf?.(id) ?? positionOf(document.nodes[id] as GraphNode);
  const nodes: Record<string, GraphNode> = {};
  for (const id of ids) nodes[id] = innerNode(document, library, id, { inside, inputs, inputsId, place: placeOf(id) });
  const relinks = outerLinks(document, library, ids, { inside, outputs, instance });
  const places = ids.map(placeOf);
  const left = Math.round(Math.min(...places.map(({ x }) => x)));
  const right = Math.round(Math.max(...places.map(({ x }) => x)));
  const top = Math.round(Math.min(...places.map(({ y }) => y)));
  nodes[inputsId] = { type: SUBGRAPH_INPUTS, view: { x: left - COLUMN, y: top } };
  nodes[outputsId] = { type: SUBGRAPH_OUTPUTS, links: outputs.links, view: { x: right + COLUMN, y: top } };
  const subgraph = { name: made.name, inputs: inputs.ports, outputs: outputs.ports, nodes };
  const wanted = { x: Math.round((left + right) / 2), y: top };
  const at = made.placeNear?.(wanted, Math.max(inputs.ports.length, outputs.ports.length)) ?? wanted;
  const node = { type: INSTANCE + made.id, links: inputs.links, view: { ...at } };
  return [
    { op: "add_subgraph", id: made.id, subgraph },
    { op: "add_node", id: instance, node },
    ...relinks,
    ...ids.map((id): Op => ({ op: "remove_node", id })),
  ];
}

function isMovable(type: string | undefined): boolean {
  return type !== undefined && !NAMED_INPUTS.has(type);
}

function innerNode(
  document: GraphDocument,
  library: Library,
  id: string,
  to: { inside: ReadonlySet<string>; inputs: NewPorts; inputsId: string; place: Point },
): GraphNode {
  const { links: oldLinks, ...rest } = document.nodes[id] as GraphNode;
  const links: Record<string, Link> = {};
  for (const [name, link] of Object.entries(oldLinks ?? {})) {
    const [source] = link;
    if (to.inside.has(source) || own(document.nodes, source) === undefined) links[name] = link;
    else {
      const type = findType(library, rest.type)?.inputs.find((input) => input.name === name)?.type ?? ANY;
      links[name] = [to.inputsId, to.inputs.name(link, name, type)];
    }
  }
  const view = { ...rest.view, x: Math.round(to.place.x), y: Math.round(to.place.y) };
  return { ...rest, links, view };
}

function outerLinks(
  document: GraphDocument,
  library: Library,
  ids: readonly string[],
  to: { inside: ReadonlySet<string>; outputs: NewPorts; instance: string },
): Op[] {
  const ops: Op[] = [];
  for (const id of ids) {
    const ports = findType(library, document.nodes[id]?.type ?? "")?.outputs ?? [];
    const typeOf = (name: string) => ports.find((port) => port.name === name)?.type ?? ANY;
    const reading = readersOf(document, id);
    for (const { reader, input, link } of reading) {
      if (to.inside.has(reader)) continue;
      const output = to.outputs.name(link, link[1], typeOf(link[1]));
      ops.push({ op: "set_link", node: reader, input, source: [to.instance, output] });
    }
    if (reading.length === 0) for (const port of ports) to.outputs.name([id, port.name], port.name, port.type);
  }
  return ops;
}

/** Who reads a node, in document order. */
export function readersOf(graph: Graph, id: string): { reader: string; input: string; link: Link }[] {
  const found: { reader: string; input: string; link: Link }[] = [];
  for (const reader of Object.keys(graph.nodes).sort(compareIds)) {
    for (const [input, link] of Object.entries(graph.nodes[reader]?.links ?? {})) {
      if (link[0] === id) found.push({ reader, input, link });
    }
  }
  return found;
}

/** A link's end when an instance is taken apart: an output, a literal, or nothing. */
type End = { readonly link: Link } | { readonly value: Value } | null;

/** The nodes of an instance that come out when it is taken apart. */
export function unpackedIds(document: GraphDocument, instance: string): string[] {
  const nodes = definitionOf(document, instance)?.nodes ?? {};
  return Object.keys(nodes)
    .filter((id) => nodes[id]?.type !== SUBGRAPH_INPUTS && nodes[id]?.type !== SUBGRAPH_OUTPUTS)
    .sort(compareIds);
}

/** Put the nodes of an instance in its place, under `newIds`, which pair with `unpackedIds`. The definition stays. */
export function unpackOps(document: GraphDocument, instance: string, newIds: readonly string[]): Op[] {
  const node = own(document.nodes, instance);
  const subgraph = definitionOf(document, instance);
  if (node === undefined || subgraph === undefined) return [];
  const ids = unpackedIds(document, instance);
  const renamed = new Map(ids.map((id, index) => [id, newIds[index] as string]));
  const end = (link: Link): End => {
    if (subgraph.nodes[link[0]]?.type !== SUBGRAPH_INPUTS) return { link: [renamed.get(link[0]) ?? link[0], link[1]] };
    const outer = own(node.links, link[1]);
    if (outer !== undefined) return { link: outer };
    const value = own(node.values, link[1]) ?? subgraph.inputs?.find((port) => port.name === link[1])?.default;
    return value === undefined ? null : { value };
  };
  const shift = unpackShift(subgraph, ids, positionOf(node));
  const ops: Op[] = ids.map((id) => {
    const inner = subgraph.nodes[id] as GraphNode;
    return { op: "add_node", id: renamed.get(id) as string, node: outerNode(inner, end, shift) };
  });
  for (const { reader, input, link } of readersOf(document, instance)) {
    const outer = outputEnd(subgraph, link[1], end);
    const source = outer !== null && "link" in outer ? outer.link : null;
    ops.push({ op: "set_link", node: reader, input, source });
    if (outer !== null && "value" in outer) ops.push({ op: "set_value", node: reader, input, value: outer.value });
  }
  return [...ops, { op: "remove_node", id: instance }];
}

function outerNode(inner: GraphNode, end: (link: Link) => End, shift: Point): GraphNode {
  const { links: oldLinks, values: oldValues, ...rest } = inner;
  const links: Record<string, Link> = {};
  const values: Record<string, Value> = { ...oldValues };
  for (const [name, link] of Object.entries(oldLinks ?? {})) {
    const outer = end(link);
    if (outer !== null && "link" in outer) links[name] = outer.link;
    else if (outer !== null) values[name] = outer.value;
  }
  const { x, y } = positionOf(inner);
  return { ...rest, values, links, view: { ...inner.view, x: x + shift.x, y: y + shift.y } };
}

function outputEnd(subgraph: Graph, output: string, end: (link: Link) => End): End {
  for (const id of Object.keys(subgraph.nodes).sort(compareIds)) {
    const node = subgraph.nodes[id] as GraphNode;
    const link = node.type === SUBGRAPH_OUTPUTS ? own(node.links, output) : undefined;
    if (link !== undefined) return end(link);
  }
  return null;
}

/** How far the nodes go so that the middle of their first row is where the instance was. */
function unpackShift(subgraph: Graph, ids: readonly string[], at: Point): Point {
  const places = ids.map((id) => positionOf(subgraph.nodes[id] as GraphNode));
  if (places.length === 0) return { x: 0, y: 0 };
  const left = Math.min(...places.map(({ x }) => x));
  const right = Math.max(...places.map(({ x }) => x)) + CARD_WIDTH;
  const top = Math.min(...places.map(({ y }) => y));
  return { x: Math.round(at.x + CARD_WIDTH / 2 - (left + right) / 2), y: Math.round(at.y - top) };
}

export function definitionOf(document: GraphDocument, instance: string) {
  const id = subgraphIdOf(own(document.nodes, instance)?.type ?? "");
  return id === null ? undefined : own(document.subgraphs, id);
}

/** The subgraphs that no node leads to, not even through others. */
export function unusedSubgraphs(document: GraphDocument): string[] {
  const used = definitionsOf(document, Object.values(document.nodes));
  return Object.keys(document.subgraphs ?? {}).filter((id) => own(used, id) === undefined);
}

/** Give an instance a subgraph of its own, a copy: what is changed in it then changes no other instance. */
export function detachOps(document: GraphDocument, instance: string, id: string, name: string): Op[] {
  const node = own(document.nodes, instance);
  const subgraph = definitionOf(document, instance);
  if (node === undefined || subgraph === undefined) return [];
  return [
    { op: "add_subgraph", id, subgraph: { ...subgraph, name } },
    { op: "remove_node", id: instance },
    { op: "add_node", id: instance, node: { ...node, type: INSTANCE + id } },
    ...readersOf(document, instance)
      .filter(({ reader }) => reader !== instance)
      .map(({ reader, input, link }): Op => ({ op: "set_link", node: reader, input, source: link })),
  ];
}
