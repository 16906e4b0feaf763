/**
 * The edit operations, each a pure function of a document that also returns its inverse.
 * `nodebook/engine/edits.py` implements the same; both replay `tests/fixtures/edits.json`.
 */
import type { Op } from "../protocol.gen";
import { type GraphDocument, type GraphNode, own, type Value, type View } from "./document";
import { applyDocumentOp, checkInnerId, findSubgraph } from "./documentEdits";

export type { Op };

/** `inverse` is in the order in which it must be applied. */
export type Applied =
  | { readonly document: GraphDocument; readonly inverse: readonly Op[]; readonly refused?: undefined }
  | { readonly refused: string };

/** Apply operations in order, all or none. A refusal is a sentence that says which and why. */
export function applyOps(document: GraphDocument, ops: readonly Op[]): Applied {
  const undo: (readonly Op[])[] = [];
  let current = document;
  for (const op of ops) {
    const applied = applyOp(current, op);
    if (applied.refused !== undefined) return applied;
    current = applied.document;
    undo.push(applied.inverse);
  }
  return { document: current, inverse: undo.reverse().flat() };
}

function applyOp(document: GraphDocument, op: Op): Applied {
  if ("graph" in op && op.graph !== undefined) return applyInside(document, op, op.graph);
  switch (op.op) {
    case "add_node":
      return addNode(document, op.id, op.node);
    case "remove_node":
      return removeNode(document, op.id);
    case "set_value":
    case "unset_value":
      return change(document, op.node, (node) => setValue(node, op));
    case "set_link":
      return change(document, op.node, (node) => setLink(node, op));
    case "set_title":
      return change(document, op.node, (node) => ({
        node: member(node, "title", op.title ?? undefined),
        inverse: [{ op: "set_title", node: op.node, title: node.title ?? null }],
      }));
    case "set_view":
      return change(document, op.node, (node) => setView(node, op));
    case "set_origin":
      return change(document, op.node, (node) => ({
        node: member(node, "origin", op.origin ?? undefined),
        inverse: [{ op: "set_origin", node: op.node, origin: node.origin ?? null }],
      }));
    case "set_mode":
      return change(document, op.node, (node) => ({
        node: member(node, "mode", op.mode ?? undefined),
        inverse: [{ op: "set_mode", node: op.node, mode: node.mode ?? null }],
      }));
    case "set_group":
    case "add_subgraph":
    case "remove_subgraph":
    case "set_subgraph":
    case "set_document_view":
      return applyDocumentOp(document, op);
    default:
      return { refused: `There is no edit operation ${JSON.stringify((op as { op: unknown }).op)}.` };
  }
}

/** Apply an operation to the graph inside a subgraph. */
function applyInside(document: GraphDocument, op: Op, id: string): Applied {
  const subgraph = findSubgraph(document, id);
  if (typeof subgraph === "string") return { refused: subgraph };
  const refused = op.op === "add_node" ? checkInnerId(id, op.id) : null;
  if (refused !== null) return { refused };
  const { graph: _outer, ...inner } = op as Op & { graph?: string };
  const { nodes, groups } = subgraph;
  const applied = applyOp({ nodebook: document.nodebook, nodes, ...(groups && { groups }) }, inner as Op);
  if (applied.refused !== undefined) return applied;
  const { groups: _before, ...rest } = subgraph;
  const after = {
    ...rest,
    nodes: applied.document.nodes,
    ...(applied.document.groups && { groups: applied.document.groups }),
  };
  return {
    document: { ...document, subgraphs: { ...document.subgraphs, [id]: after } },
    inverse: applied.inverse.map((undo) => ({ ...undo, graph: id }) as Op),
  };
}

function addNode(document: GraphDocument, id: string, node: GraphNode): Applied {
  if (Object.hasOwn(document.nodes, id)) return { refused: `Cannot add node ${id}: the id is taken.` };
  if (typeof node?.type !== "string") return { refused: `Cannot add node ${id}: it has no type.` };
  return {
    document: { ...document, nodes: { ...document.nodes, [id]: withoutEmptyMembers(node) } },
    // Links to this id led nowhere until now; removing the node again takes them along.
    inverse: [{ op: "remove_node", id }, ...linksFrom(document, id)],
  };
}

function removeNode(document: GraphDocument, id: string): Applied {
  const removed = own(document.nodes, id);
  if (removed === undefined) return absent(id);
  const left = Object.entries(document.nodes)
    .filter(([otherId]) => otherId !== id)
    .map(([otherId, other]) => [otherId, withoutLinksFrom(other, id)] as const);
  return {
    document: { ...document, nodes: Object.fromEntries(left) },
    inverse: [{ op: "add_node", id, node: removed }, ...linksFrom(document, id)],
  };
}

/** The operations that make the links which start at a node, but for its own. */
function linksFrom(document: GraphDocument, id: string): Op[] {
  const ops: Op[] = [];
  for (const [node, { links }] of Object.entries(document.nodes)) {
    if (node === id) continue;
    for (const [input, source] of Object.entries(links ?? {})) {
      if (source[0] === id) ops.push({ op: "set_link", node, input, source });
    }
  }
  return ops;
}

interface Changed {
  readonly node: GraphNode;
  readonly inverse: readonly Op[];
}

function change(document: GraphDocument, id: string, edit: (node: GraphNode) => Changed): Applied {
  const node = own(document.nodes, id);
  if (node === undefined) return absent(id);
  const changed = edit(node);
  if (changed.node === node) return { document, inverse: changed.inverse };
  return {
    document: { ...document, nodes: { ...document.nodes, [id]: changed.node } },
    inverse: changed.inverse,
  };
}

function setValue(node: GraphNode, op: Extract<Op, { op: "set_value" | "unset_value" }>): Changed {
  const { node: id, input } = op;
  const had = node.values !== undefined && Object.hasOwn(node.values, input);
  const undo: Op = had
    ? { op: "set_value", node: id, input, value: node.values?.[input] as Value }
    : { op: "unset_value", node: id, input };
  if (op.op === "set_value") {
    return { node: { ...node, values: { ...node.values, [input]: op.value } }, inverse: [undo] };
  }
  if (!had) return { node, inverse: [] };
  return { node: member(node, "values", without(node.values, input)), inverse: [undo] };
}

function setLink(node: GraphNode, op: Extract<Op, { op: "set_link" }>): Changed {
  const old = own(node.links, op.input) ?? null;
  const inverse: Op[] = [{ op: "set_link", node: op.node, input: op.input, source: old }];
  if (op.source === null && old === null) return { node, inverse };
  const links = op.source === null ? without(node.links, op.input) : { ...node.links, [op.input]: op.source };
  return { node: member(node, "links", links), inverse };
}

function setView(node: GraphNode, op: Extract<Op, { op: "set_view" }>): Changed {
  const before: Record<string, Value> = {};
  const merged: Record<string, Value | undefined> = { ...node.view };
  for (const [name, value] of Object.entries(op.view)) {
    before[name] = own(node.view, name) ?? null;
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  const view: View | undefined = Object.keys(merged).length > 0 ? merged : undefined;
  return { node: member(node, "view", view), inverse: [{ op: "set_view", node: op.node, view: before }] };
}

function absent(id: string): Applied {
  return { refused: `The graph has no node ${id}. It may have been removed meanwhile.` };
}

/** Set a member of a node, or take it away with `undefined`. */
function member<K extends keyof GraphNode>(node: GraphNode, name: K, value: GraphNode[K] | undefined): GraphNode {
  if (value !== undefined) return { ...node, [name]: value };
  const { [name]: _gone, ...rest } = node;
  return rest as GraphNode;
}

function without<T>(record: Readonly<Record<string, T>> | undefined, name: string): Record<string, T> | undefined {
  const { [name]: _gone, ...rest } = record ?? {};
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function withoutLinksFrom(node: GraphNode, source: string): GraphNode {
  const links = Object.entries(node.links ?? {});
  const kept = links.filter(([, link]) => link[0] !== source);
  if (kept.length === links.length) return node;
  return member(node, "links", kept.length > 0 ? Object.fromEntries(kept) : undefined);
}

const OBJECT_MEMBERS = ["values", "links", "view"] as const;

/** An empty `values`, `links` or `view` says nothing, nor does a `null` in a view: the document leaves them out. */
export function withoutEmptyMembers(node: GraphNode): GraphNode {
  let result = node;
  if (Object.values(node.view ?? {}).includes(null)) {
    result = {
      ...node,
      view: Object.fromEntries(Object.entries(node.view ?? {}).filter(([, value]) => value !== null)),
    };
  }
  for (const name of OBJECT_MEMBERS) {
    const found = result[name];
    if (found !== undefined && Object.keys(found ?? {}).length === 0) result = member(result, name, undefined);
  }
  return result;
}
