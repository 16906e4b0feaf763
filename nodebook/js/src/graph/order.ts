/** In which order a graph is read and run. */
import { type GraphDocument, orderedIds } from "./document";
import { NOTE_TYPE } from "./library";

/** Sources before what takes from them, else in document order; a loop stands where it is met. Notes are not in it. */
export function runningOrder(document: GraphDocument): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const start of orderedIds(document)) {
    // A stack, not recursion: a chain of thousands of nodes is legal.
    const path: { id: string; sources: string[] }[] = [];
    const enter = (id: string) => {
      const node = document.nodes[id];
      if (node === undefined || node.type === NOTE_TYPE || seen.has(id)) return;
      seen.add(id);
      path.push({ id, sources: Object.values(node.links ?? {}).map(([source]) => source) });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const source = top.sources.shift();
      if (source !== undefined) enter(source);
      else order.push((path.pop() as { id: string }).id);
    }
  }
  return order;
}

export interface Follower {
  readonly node: string;
  readonly input: string;
}

/** The inputs that an output feeds (all outputs of the node where none is named), in document order. */
export function followersOf(document: GraphDocument, id: string, output?: string): Follower[] {
  const found: Follower[] = [];
  for (const node of orderedIds(document)) {
    for (const [input, [source, name]] of Object.entries(document.nodes[node]?.links ?? {})) {
      if (source === id && (output === undefined || name === output)) found.push({ node, input });
    }
  }
  return found;
}

/** The node and all that it depends on. */
export function ancestorsOf(document: GraphDocument, id: string): Set<string> {
  return reach(id, (one) => Object.values(document.nodes[one]?.links ?? {}).map(([source]) => source));
}

/** The node and all that depends on it. */
export function descendantsOf(document: GraphDocument, id: string): Set<string> {
  const after = new Map<string, string[]>();
  for (const [node, { links }] of Object.entries(document.nodes)) {
    for (const [source] of Object.values(links ?? {})) {
      const list = after.get(source);
      if (list === undefined) after.set(source, [node]);
      else list.push(node);
    }
  }
  return reach(id, (one) => after.get(one) ?? []);
}

function reach(start: string, next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set([start]);
  const waiting = [start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const other of next(id)) {
      if (seen.has(other)) continue;
      seen.add(other);
      waiting.push(other);
    }
  }
  return seen;
}
