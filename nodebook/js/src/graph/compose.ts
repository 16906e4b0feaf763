/** Batches of operations for what a user does: add, duplicate, remove, move. Pure: documents in, operations out. */
import type { GraphDocument, GraphNode, Link, Mode, Value } from "./document";
import { positionOf } from "./document";
import type { Op } from "./edits";
import { isBoundary } from "./interfaces";
import { initialValues, NOTE_TYPE, type NodeTypeInfo } from "./library";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function newNode(type: NodeTypeInfo, at: Point): GraphNode {
  const values = initialValues(type);
  const view = { x: Math.round(at.x), y: Math.round(at.y) };
  return Object.keys(values).length > 0 ? { type: type.name, values, view } : { type: type.name, view };
}

/**
 * Copies of nodes with the links among them, and the links into them from the rest. `newIds` pairs with `ids`;
 * `placeOf` is where a node is shown, which one without a place of its own does not know.
 */
export function duplicateOps(
  document: GraphDocument,
  ids: readonly string[],
  newIds: readonly string[],
  shift: Point,
  placeOf: (id: string) => Point | undefined = () => undefined,
): Op[] {
  const renamed = new Map(ids.map((id, index) => [id, newIds[index] as string]));
  const ops: Op[] = [];
  const links: Op[] = [];
  for (const [id, newId] of renamed) {
    const node = document.nodes[id];
    if (node === undefined || isBoundary(node.type)) continue;
    const { links: oldLinks, origin: _origin, ...rest } = node;
    const place = placeOf(id) ?? positionOf(node);
    ops.push({
      op: "add_node",
      id: newId,
      node: { ...rest, view: { ...node.view, x: Math.round(place.x + shift.x), y: Math.round(place.y + shift.y) } },
    });
    for (const [input, [source, output]] of Object.entries(oldLinks ?? {})) {
      const link: Link = [renamed.get(source) ?? source, output];
      if (document.nodes[source] !== undefined) links.push({ op: "set_link", node: newId, input, source: link });
    }
  }
  return [...ops, ...links];
}

/** Switch nodes to a mode or, where all are in it already, let them run. Notes have no mode. */
export function toggleModeOps(document: GraphDocument, ids: readonly string[], mode: Mode): Op[] {
  const able = ids.filter((id) => document.nodes[id] !== undefined && document.nodes[id]?.type !== NOTE_TYPE);
  const next = able.every((id) => document.nodes[id]?.mode === mode) ? null : mode;
  return able
    .filter((id) => (document.nodes[id]?.mode ?? null) !== next)
    .map((node) => ({ op: "set_mode", node, mode: next }));
}

/** Views and plural words in one place: "1 node", "3 nodes". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export function moveOps(document: GraphDocument, places: ReadonlyMap<string, Point>): Op[] {
  const ops: Op[] = [];
  for (const [id, place] of places) {
    const node = document.nodes[id];
    if (node === undefined) continue;
    const view: Record<string, Value> = { x: Math.round(place.x), y: Math.round(place.y) };
    const old = node.view;
    if (old?.x !== view.x || old?.y !== view.y) ops.push({ op: "set_view", node: id, view });
  }
  return ops;
}
