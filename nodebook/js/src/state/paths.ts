/** Nodes by their paths through subgraphs (`7/3`): their titles and their order. */
import { compareIds, type GraphDocument, own, subgraphIdOf } from "../graph/document";
import { type Library, titleOf } from "../graph/library";
import { levelsOf, SEPARATOR } from "./scope";

/** What a person calls a node, and each instance on the way to it; null where the path leads nowhere. */
export function titleAt(document: GraphDocument, library: Library, path: string): string | null {
  const parts = path.split(SEPARATOR);
  const levels = levelsOf(document, parts.slice(0, -1));
  const titles = parts.map((id, depth) => {
    const node = own(levels[depth]?.graph.nodes, id);
    if (node === undefined) return null;
    const subgraph = subgraphIdOf(node.type);
    const definition = subgraph === null ? undefined : own(document.subgraphs, subgraph);
    return node.title ?? definition?.name ?? titleOf(library, node);
  });
  return titles.includes(null) ? null : titles.join(" / ");
}

/** Document order, instance by instance. */
export function comparePaths(a: string, b: string): number {
  const [one, other] = [a.split(SEPARATOR), b.split(SEPARATOR)];
  for (const [depth, id] of one.entries()) {
    const against = other[depth];
    if (against === undefined) return 1;
    const order = compareIds(id, against);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** Whether a path is a node, or inside it. */
export function isWithin(path: string, node: string): boolean {
  return path === node || path.startsWith(node + SEPARATOR);
}
