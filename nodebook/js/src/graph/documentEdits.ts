/** The operations on what a document has beside nodes: groups, subgraphs, and its view. */

import type { AddSubgraph, RemoveSubgraph, SetDocumentView, SetGroup, SetSubgraph } from "../protocol.gen";
import { type BoundaryPort, type GraphDocument, type Group, own, type Subgraph, type Value } from "./document";
import { type Applied, withoutEmptyMembers } from "./edits";

/** The operations that are not on a node. */
export type DocumentOp = SetGroup | AddSubgraph | RemoveSubgraph | SetSubgraph | SetDocumentView;

export function applyDocumentOp(document: GraphDocument, op: DocumentOp): Applied {
  switch (op.op) {
    case "set_group":
      return setGroup(document, op.id, op.group);
    case "add_subgraph":
      return addSubgraph(document, op.id, op.subgraph);
    case "remove_subgraph":
      return removeSubgraph(document, op.id);
    case "set_subgraph":
      return setSubgraph(document, op.id, op.members);
    case "set_document_view": {
      const [view, before] = merge(document.view, op.view);
      return { document: put(document, "view", view), inverse: [{ op: "set_document_view", view: before }] };
    }
  }
}

/** The subgraph, or a sentence that says that there is none. */
export function findSubgraph(document: GraphDocument, id: string): Subgraph | string {
  return own(document.subgraphs, id) ?? `There is no subgraph ${id}. It may have been removed meanwhile.`;
}

/** What is wrong with an id inside a subgraph, null where nothing is. */
export function checkInnerId(subgraph: string, id: string): string | null {
  if (!id.includes("/")) return null;
  return `Subgraph ${subgraph}: the id ${id} holds a slash, which stands between an instance and the nodes inside it.`;
}

function setGroup(document: GraphDocument, id: string, group: Group | null): Applied {
  const before = own(document.groups, id) ?? null;
  const { [id]: _old, ...rest } = document.groups ?? {};
  const groups = group === null ? rest : { ...document.groups, [id]: group };
  return { document: put(document, "groups", groups), inverse: [{ op: "set_group", id, group: before }] };
}

function addSubgraph(document: GraphDocument, id: string, subgraph: Subgraph): Applied {
  if (own(document.subgraphs, id) !== undefined) return { refused: `Cannot add subgraph ${id}: the id is taken.` };
  const wrong = shapeProblem(id, subgraph);
  if (wrong !== null) return { refused: wrong };
  return {
    document: { ...document, subgraphs: { ...document.subgraphs, [id]: normal(subgraph) } },
    inverse: [{ op: "remove_subgraph", id }],
  };
}

function removeSubgraph(document: GraphDocument, id: string): Applied {
  const subgraph = findSubgraph(document, id);
  if (typeof subgraph === "string") return { refused: subgraph };
  const { [id]: _gone, ...rest } = document.subgraphs ?? {};
  return { document: put(document, "subgraphs", rest), inverse: [{ op: "add_subgraph", id, subgraph }] };
}

function setSubgraph(document: GraphDocument, id: string, members: Readonly<Record<string, Value>>): Applied {
  const subgraph = findSubgraph(document, id);
  if (typeof subgraph === "string") return { refused: subgraph };
  if ("nodes" in members || "groups" in members) {
    return { refused: `The nodes and groups of subgraph ${id} are edited one by one.` };
  }
  const [merged, before] = merge(subgraph as unknown as Readonly<Record<string, Value>>, members);
  const changed = normal(merged as unknown as Subgraph);
  const wrong = shapeProblem(id, changed);
  if (wrong !== null) return { refused: wrong };
  return {
    document: { ...document, subgraphs: { ...document.subgraphs, [id]: changed } },
    inverse: [{ op: "set_subgraph", id, members: before }],
  };
}

/** Merge members, `null` taking one away; and the members that undo it. */
function merge(
  old: Readonly<Record<string, Value>> | undefined,
  members: Readonly<Record<string, Value>>,
): [Record<string, Value>, Record<string, Value>] {
  const merged: Record<string, Value> = { ...old };
  const before: Record<string, Value> = {};
  for (const [name, value] of Object.entries(members)) {
    before[name] = own(old, name) ?? null;
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return [merged, before];
}

type Collection = "view" | "groups" | "subgraphs";

/** Set a member of the document; an empty one is left out. */
function put<K extends Collection>(
  document: GraphDocument,
  name: K,
  value: NonNullable<GraphDocument[K]>,
): GraphDocument {
  if (Object.keys(value).length > 0) return { ...document, [name]: value };
  const { [name]: _gone, ...rest } = document;
  return rest as unknown as GraphDocument;
}

/** Without what says nothing: empty lists of ports, no groups, and empty members of nodes. */
function normal(subgraph: Subgraph): Subgraph {
  const { inputs, outputs, groups, nodes, ...rest } = subgraph;
  const normalNodes = Object.entries(nodes ?? {}).map(([id, node]) => [id, withoutEmptyMembers(node)] as const);
  return {
    ...rest,
    ...(inputs?.length ? { inputs } : {}),
    ...(outputs?.length ? { outputs } : {}),
    nodes: Object.fromEntries(normalNodes),
    ...(groups && Object.keys(groups).length > 0 ? { groups } : {}),
  };
}

function shapeProblem(id: string, subgraph: Subgraph): string | null {
  for (const ports of [subgraph.inputs ?? [], subgraph.outputs ?? []]) {
    if (!Array.isArray(ports) || ports.some((port: BoundaryPort) => typeof port?.name !== "string")) {
      return `Subgraph ${id}: its inputs and outputs must be lists of objects with a name.`;
    }
  }
  for (const [inner, node] of Object.entries(subgraph.nodes ?? {})) {
    if (typeof node?.type !== "string") return `Subgraph ${id}: node ${inner} has no type.`;
    const refused = checkInnerId(id, inner);
    if (refused !== null) return refused;
  }
  return null;
}
