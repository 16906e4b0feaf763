/** The subgraphs that copied nodes are instances of, and how they come into another document. */
import { type GraphDocument, type GraphNode, INSTANCE, own, type Subgraph, subgraphIdOf } from "./document";
import type { Op } from "./edits";
import { writeJson } from "./json";

export type Definitions = Readonly<Record<string, Subgraph>>;

/** The definitions that nodes need, at any depth. */
export function definitionsOf(document: GraphDocument, nodes: readonly GraphNode[]): Record<string, Subgraph> {
  const found: Record<string, Subgraph> = {};
  const waiting = [...nodes];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const id = subgraphIdOf(node.type);
    const subgraph = id === null ? undefined : own(document.subgraphs, id);
    if (id === null || subgraph === undefined || Object.hasOwn(found, id)) continue;
    found[id] = subgraph;
    waiting.push(...Object.values(subgraph.nodes));
  }
  return found;
}

export interface PastedDefinitions {
  readonly ops: readonly Op[];
  /** What an instance's type is called in the document. */
  typeOf(type: string): string;
}

/** A definition that the document has just so is used; another one under its id gets an id of its own. */
export function pasteDefinitions(
  definitions: Definitions,
  document: GraphDocument,
  newId: () => string,
): PastedDefinitions {
  const added = addedIds(definitions, document);
  const renamed = new Map(
    [...added].map((id) => [id, own(document.subgraphs, id) === undefined ? id : newId()] as const),
  );
  const typeOf = (type: string) => {
    const id = subgraphIdOf(type);
    return id === null ? type : INSTANCE + (renamed.get(id) ?? id);
  };
  const ops = [...added].map((id): Op => {
    const subgraph = definitions[id] as Subgraph;
    const nodes = Object.entries(subgraph.nodes).map(([inner, node]) => [inner, { ...node, type: typeOf(node.type) }]);
    const named = { ...subgraph, nodes: Object.fromEntries(nodes) as Subgraph["nodes"] };
    return { op: "add_subgraph", id: renamed.get(id) as string, subgraph: named };
  });
  return { ops, typeOf };
}

/** Those that the document has not, or has otherwise; and those that are made of such. */
function addedIds(definitions: Definitions, document: GraphDocument): Set<string> {
  const all = Object.keys(definitions);
  const added = new Set(all.filter((id) => !isSame(own(document.subgraphs, id), definitions[id])));
  const isMadeOfAdded = (id: string) =>
    Object.values(definitions[id]?.nodes ?? {}).some((node) => added.has(subgraphIdOf(node.type) ?? ""));
  for (let before = -1; before < added.size; ) {
    before = added.size;
    for (const id of all) if (isMadeOfAdded(id)) added.add(id);
  }
  return added;
}

function isSame(one: Subgraph | undefined, other: Subgraph | undefined): boolean {
  return writeJson(one ?? null) === writeJson(other ?? null);
}
