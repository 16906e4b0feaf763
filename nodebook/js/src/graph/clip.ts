/** Nodes as they are copied: with the links among them, and with those that came from nodes left behind. */
import type { Point } from "./compose";
import { type GraphDocument, type GraphNode, type Link, positionOf } from "./document";
import type { Op } from "./edits";

export interface Clip {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** The types of the nodes that were left behind and that links come from, by id. */
  readonly outside: Readonly<Record<string, string>>;
}

/** `placeOf` is where a node is shown, which one without a place of its own does not know. */
export function copyNodes(
  document: GraphDocument,
  ids: readonly string[],
  placeOf: (id: string) => Point | undefined = () => undefined,
): Clip {
  const nodes: Record<string, GraphNode> = {};
  const outside: Record<string, string> = {};
  for (const id of ids) {
    const node = document.nodes[id];
    if (node === undefined) continue;
    // A copy was not added by code.
    const { origin: _origin, ...rest } = node;
    nodes[id] = { ...rest, view: { ...node.view, ...(placeOf(id) ?? positionOf(node)) } };
  }
  for (const node of Object.values(nodes)) {
    for (const [source] of Object.values(node.links ?? {})) {
      const type = document.nodes[source]?.type;
      if (!Object.hasOwn(nodes, source) && type !== undefined) outside[source] = type;
    }
  }
  return { nodes, outside };
}

/**
 * The operations that add a clip's nodes to a document; `newIds` pairs with them in the clip's order. Links from nodes
 * left behind come along with `keepOutside`, where the document has such a node of the same type.
 */
export function pasteOps(
  clip: Clip,
  document: GraphDocument,
  newIds: readonly string[],
  shift: Point,
  keepOutside = false,
): Op[] {
  const ids = Object.keys(clip.nodes);
  const renamed = new Map(ids.map((id, index) => [id, newIds[index] as string]));
  const sourceOf = (id: string): string | undefined => {
    const inside = renamed.get(id);
    if (inside !== undefined || !keepOutside) return inside;
    const type = Object.hasOwn(clip.outside, id) ? clip.outside[id] : undefined;
    return type !== undefined && document.nodes[id]?.type === type ? id : undefined;
  };
  return Object.values(clip.nodes).map((node, index) => {
    const links: Record<string, Link> = {};
    for (const [input, [source, output]] of Object.entries(node.links ?? {})) {
      const from = sourceOf(source);
      if (from !== undefined) links[input] = [from, output];
    }
    const { x, y } = positionOf(node);
    const view = { ...node.view, x: Math.round(x + shift.x), y: Math.round(y + shift.y) };
    return { op: "add_node", id: newIds[index] as string, node: { ...node, links, view } };
  });
}
