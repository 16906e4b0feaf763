/** What differs between two documents. Nodes that are the same object say the same: an edit makes new ones only along its path. */
import type { GraphDocument, GraphNode, Value } from "./document";
import type { Op } from "./edits";
import { isVariable } from "./variables";

export interface Changes {
  /** Ids that both have, with another node. */
  readonly touched: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const NOTHING: Changes = { touched: [], added: [], removed: [] };

export function changesBetween(before: GraphDocument, after: GraphDocument): Changes {
  if (before.nodes === after.nodes) return NOTHING;
  const touched: string[] = [];
  const added: string[] = [];
  const ids = Object.keys(after.nodes);
  for (const id of ids) {
    const old = before.nodes[id];
    if (old === after.nodes[id]) continue;
    if (old === undefined) added.push(id);
    else touched.push(id);
  }
  const oldIds = Object.keys(before.nodes);
  const removed =
    oldIds.length + added.length === ids.length ? [] : oldIds.filter((id) => after.nodes[id] === undefined);
  return { touched, added, removed };
}

/** The ids of those whose links may differ; null where nodes came or went, which may matter to any link. */
export function relinked(before: GraphDocument, after: GraphDocument, changes: Changes): readonly string[] | null {
  if (changes.added.length > 0 || changes.removed.length > 0) return null;
  return changes.touched.filter((id) => linksOf(before.nodes[id]) !== linksOf(after.nodes[id]));
}

function linksOf(node: GraphNode | undefined): GraphNode["links"] {
  return node?.links;
}

export function sameOps(a: readonly Op[], b: readonly Op[]): boolean {
  return sameValue(a as unknown as Value, b as unknown as Value);
}

function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b) || isVariable(a) !== isVariable(b)) return false;
  const members = Object.entries(a);
  return (
    members.length === Object.keys(b).length &&
    members.every(([name, value]) => Object.hasOwn(b, name) && sameValue(value, (b as Record<string, Value>)[name]))
  );
}
