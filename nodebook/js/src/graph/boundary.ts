/** The inputs and outputs of a subgraph: made, renamed, put elsewhere, removed. Instances everywhere follow. */
import {
  type BoundaryPort,
  type Graph,
  type GraphDocument,
  INSTANCE,
  type Link,
  own,
  SUBGRAPH_INPUTS,
  SUBGRAPH_OUTPUTS,
  type Value,
} from "./document";
import type { Op } from "./edits";
import { freeName, readersOf } from "./subgraphs";

export type Side = "inputs" | "outputs";

/** A place where a wire of the graph inside a subgraph becomes an input or output of it. */
export interface Exposed {
  /** The node inside: the one that reads the new input, or gives the new output. */
  readonly node: string;
  readonly port: string;
  readonly type: string;
}

/**
 * Make an input (of what an inner input reads) or an output (of what an inner output gives). Returns its name too.
 * An inner input that has a literal keeps it: it is what instances have as long as they have no value of their own.
 */
export function exposeOps(document: GraphDocument, id: string, side: Side, what: Exposed): { name: string; ops: Op[] } {
  const subgraph = own(document.subgraphs, id);
  const boundary = subgraph && boundaryOf(subgraph, side);
  if (subgraph === undefined || boundary === undefined) return { name: "", ops: [] };
  const ports = subgraph[side] ?? [];
  const name = freeName(what.port, ports);
  const link: Op =
    side === "inputs"
      ? { op: "set_link", node: what.node, input: what.port, source: [boundary, name], graph: id }
      : { op: "set_link", node: boundary, input: name, source: [what.node, what.port], graph: id };
  return { name, ops: [setPorts(id, side, [...ports, { name, type: what.type }]), link] };
}

/** Give a port another name; links to it, inside and at every instance, follow. Nothing where the name is taken. */
export function renamePortOps(document: GraphDocument, id: string, side: Side, old: string, wanted: string): Op[] {
  const subgraph = own(document.subgraphs, id);
  const name = wanted.trim();
  const ports = subgraph?.[side] ?? [];
  if (subgraph === undefined || name === "" || ports.some((port) => port.name === name)) return [];
  const ops: Op[] = [
    setPorts(
      id,
      side,
      ports.map((port) => (port.name === old ? { ...port, name } : port)),
    ),
  ];
  ops.push(
    ...(side === "inputs" ? renameInside(subgraph, id, old, name) : renameOutputInside(subgraph, id, old, name)),
  );
  for (const { graph, node } of instancesOf(document, id)) {
    ops.push(
      ...(side === "inputs"
        ? renameAtInstance(document, graph, node, old, name)
        : renameReaders(document, graph, node, old, name)),
    );
  }
  return ops;
}

/** Take a port away, with the links to it inside and at every instance. */
export function removePortOps(document: GraphDocument, id: string, side: Side, name: string): Op[] {
  const subgraph = own(document.subgraphs, id);
  if (subgraph === undefined) return [];
  const ops: Op[] = [
    setPorts(
      id,
      side,
      (subgraph[side] ?? []).filter((port) => port.name !== name),
    ),
  ];
  const boundary = boundaryOf(subgraph, side);
  if (side === "outputs" && boundary !== undefined) {
    ops.push({ op: "set_link", node: boundary, input: name, source: null, graph: id });
  }
  if (side === "inputs" && boundary !== undefined) {
    for (const { reader, input, link } of readersOf(subgraph, boundary)) {
      if (link[1] === name) ops.push({ op: "set_link", node: reader, input, source: null, graph: id });
    }
  }
  for (const { graph, node } of instancesOf(document, id)) {
    if (side === "outputs") ops.push(...relink(document, graph, node, name, null));
    else {
      ops.push(inGraph({ op: "set_link", node, input: name, source: null }, graph));
      ops.push(inGraph({ op: "unset_value", node, input: name }, graph));
    }
  }
  return ops;
}

/** Put a port one place up or down. */
export function movePortOps(document: GraphDocument, id: string, side: Side, name: string, by: -1 | 1): Op[] {
  const ports = [...(own(document.subgraphs, id)?.[side] ?? [])];
  const from = ports.findIndex((port) => port.name === name);
  const to = from + by;
  const port = ports[from];
  if (port === undefined || to < 0 || to >= ports.length) return [];
  ports.splice(from, 1);
  ports.splice(to, 0, port);
  return [setPorts(id, side, ports)];
}

/** The node that is the boundary on one side, if the graph has one. */
export function boundaryOf(graph: Graph, side: Side): string | undefined {
  const type = side === "inputs" ? SUBGRAPH_INPUTS : SUBGRAPH_OUTPUTS;
  return Object.keys(graph.nodes).find((id) => graph.nodes[id]?.type === type);
}

/** All instances of a subgraph; `graph` is the subgraph that one is in, undefined at the top. */
export function instancesOf(document: GraphDocument, id: string): { graph: string | undefined; node: string }[] {
  const graphs: [string | undefined, Graph][] = [[undefined, document], ...Object.entries(document.subgraphs ?? {})];
  return graphs.flatMap(([graph, { nodes }]) =>
    Object.keys(nodes)
      .filter((node) => nodes[node]?.type === INSTANCE + id)
      .map((node) => ({ graph, node })),
  );
}

function setPorts(id: string, side: Side, ports: readonly BoundaryPort[]): Op {
  const list = ports as unknown as Value;
  return { op: "set_subgraph", id, members: { [side]: ports.length > 0 ? list : null } };
}

function inGraph(op: Op, graph: string | undefined): Op {
  return graph === undefined ? op : ({ ...op, graph } as Op);
}

function graphOf(document: GraphDocument, graph: string | undefined): Graph {
  return graph === undefined ? document : (own(document.subgraphs, graph) ?? { nodes: {} });
}

function renameInside(subgraph: Graph, id: string, old: string, name: string): Op[] {
  const boundary = boundaryOf(subgraph, "inputs");
  if (boundary === undefined) return [];
  return readersOf(subgraph, boundary)
    .filter(({ link }) => link[1] === old)
    .map(({ reader, input }) => ({ op: "set_link", node: reader, input, source: [boundary, name], graph: id }));
}

function renameOutputInside(subgraph: Graph, id: string, old: string, name: string): Op[] {
  const boundary = boundaryOf(subgraph, "outputs");
  const link = boundary === undefined ? undefined : own(subgraph.nodes[boundary]?.links, old);
  if (boundary === undefined || link === undefined) return [];
  return [
    { op: "set_link", node: boundary, input: old, source: null, graph: id },
    { op: "set_link", node: boundary, input: name, source: link, graph: id },
  ];
}

function renameAtInstance(
  document: GraphDocument,
  graph: string | undefined,
  node: string,
  old: string,
  name: string,
): Op[] {
  const instance = graphOf(document, graph).nodes[node];
  const ops: Op[] = [];
  const link = own(instance?.links, old);
  if (link !== undefined) {
    ops.push({ op: "set_link", node, input: old, source: null }, { op: "set_link", node, input: name, source: link });
  }
  const value = own(instance?.values, old);
  if (value !== undefined) {
    ops.push({ op: "unset_value", node, input: old }, { op: "set_value", node, input: name, value });
  }
  return ops.map((op) => inGraph(op, graph));
}

function renameReaders(
  document: GraphDocument,
  graph: string | undefined,
  node: string,
  old: string,
  name: string,
): Op[] {
  return relink(document, graph, node, old, [node, name]);
}

function relink(
  document: GraphDocument,
  graph: string | undefined,
  node: string,
  output: string,
  source: Link | null,
): Op[] {
  return readersOf(graphOf(document, graph), node)
    .filter(({ link }) => link[1] === output)
    .map(({ reader, input }) => inGraph({ op: "set_link", node: reader, input, source }, graph));
}
