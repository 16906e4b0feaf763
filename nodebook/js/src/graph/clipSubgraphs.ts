/** Subgraphs that go along when their instances are copied. */
import { type GraphDocument, type GraphNode, INSTANCE, own, type Subgraph, subgraphIdOf } from "./document";
import type { Op } from "./edits";

export type Subgraphs = Readonly<Record<string, Subgraph>>;

/** The subgraphs that some nodes are instances of, and those that these are made of. */
export function neededBy(nodes: readonly GraphNode[], all: Subgraphs): Subgraphs {
  const found: Record<string, Subgraph> = {};
  const stack = [...nodes];
  while (stack.length > 0) {
    const id = subgraphIdOf(stack.pop()?.type ?? "");
    const subgraph = id === null ? undefined : own(all, id);
    if (id === null || subgraph === undefined || own(found, id) !== undefined) continue;
    found[id] = subgraph;
    stack.push(...Object.values(subgraph.nodes));
  }
  return found;
}

/**
 * The operations that bring a clip's subgraphs into a document, and what the types of its instances are called there. One that
 * the document has already, the same in all, is used; another one under the same id gets an id of its own.
 */
export function bringSubgraphs(
  clip: { readonly nodes: Readonly<Record<string, GraphNode>>; readonly subgraphs?: Subgraphs },
  document: GraphDocument,
): { readonly added: Op[]; readonly types: ReadonlyMap<string, string> } {
  const needed = neededBy(Object.values(clip.nodes), clip.subgraphs ?? {});
  const there = document.subgraphs ?? {};
  const isThere = (id: string) => own(there, id) !== undefined && text(there[id]) === text(needed[id]);
  const types = new Map<string, string>();
  const taken = new Set([...Object.keys(there), ...Object.keys(needed)]);
  for (const id of Object.keys(needed)) {
    if (own(there, id) !== undefined && !isThere(id)) types.set(INSTANCE + id, INSTANCE + freeId(id, taken));
  }
  const added = Object.entries(needed)
    .filter(([id]) => !isThere(id))
    .map(([id, subgraph]): Op => {
      const type = types.get(INSTANCE + id) ?? INSTANCE + id;
      return { op: "add_subgraph", id: type.slice(INSTANCE.length), subgraph: renamed(subgraph, types) };
    });
  return { added, types };
}

function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted;
  for (let turn = 2; taken.has(id); turn += 1) id = `${wanted}_${turn}`;
  taken.add(id);
  return id;
}

function renamed(subgraph: Subgraph, types: ReadonlyMap<string, string>): Subgraph {
  if (types.size === 0) return subgraph;
  const nodes = Object.entries(subgraph.nodes).map(([id, node]) => {
    const type = types.get(node.type);
    return [id, type === undefined ? node : { ...node, type }] as const;
  });
  return { ...subgraph, nodes: Object.fromEntries(nodes) };
}

/** Equal texts are equal subgraphs; members are sorted by name, since files and undo have other orders. */
function text(value: unknown): string {
  return JSON.stringify(value, (_name, held: unknown) => {
    if (typeof held === "bigint") return `${held}n`;
    if (typeof held === "number" && !Number.isFinite(held)) return `${held}`;
    if (typeof held !== "object" || held === null || Array.isArray(held)) return held;
    return Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
