/** Which nodes hang together: what feeds a node, what it feeds. */
import type { GraphDocument } from "./document";

/** The given nodes and everything whose outputs reach them. */
export function upstream(document: GraphDocument, ids: Iterable<string>): Set<string> {
  return spread(ids, (id) => Object.values(document.nodes[id]?.links ?? {}).map(([source]) => source), document);
}

/** The given nodes and everything that their outputs reach. */
export function downstream(document: GraphDocument, ids: Iterable<string>): Set<string> {
  const targets = targetsOf(document);
  return spread(ids, (id) => targets.get(id) ?? [], document);
}

/** The given nodes and everything that hangs on them, in either direction. */
export function connected(document: GraphDocument, ids: Iterable<string>): Set<string> {
  const targets = targetsOf(document);
  const sources = (id: string) => Object.values(document.nodes[id]?.links ?? {}).map(([source]) => source);
  return spread(ids, (id) => [...sources(id), ...(targets.get(id) ?? [])], document);
}

function spread(ids: Iterable<string>, next: (id: string) => readonly string[], { nodes }: GraphDocument): Set<string> {
  const seen = new Set<string>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id) || !Object.hasOwn(nodes, id)) continue;
    seen.add(id);
    waiting.push(...next(id));
  }
  return seen;
}

function targetsOf(document: GraphDocument): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  for (const [id, { links }] of Object.entries(document.nodes)) {
    for (const [source] of Object.values(links ?? {})) {
      const known = targets.get(source);
      if (known === undefined) targets.set(source, [id]);
      else known.push(id);
    }
  }
  return targets;
}
