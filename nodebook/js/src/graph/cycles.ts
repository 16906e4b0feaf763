import type { GraphDocument } from "./document";

/** Whether a link from `source` into `target` would close a loop, that is: `source` already depends on `target`. */
export function linkMakesCycle(document: GraphDocument, source: string, target: string): boolean {
  if (source === target) return true;
  const seen = new Set([source]);
  const waiting = [source];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const [before] of Object.values(document.nodes[id]?.links ?? {})) {
      if (before === target) return true;
      if (seen.has(before)) continue;
      seen.add(before);
      waiting.push(before);
    }
  }
  return false;
}
