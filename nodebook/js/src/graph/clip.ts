/** Nodes as they are copied: with the links among them, and with those that came from nodes left behind. */
import { type Definitions, definitionsOf, pasteDefinitions } from "./clipDefinitions";
import type { Point } from "./compose";
import { type GraphDocument, type GraphNode, type Group, type Link, own, positionOf } from "./document";
import type { Op } from "./edits";
import { freeGroupId, groupBox, inside } from "./groups";
import { isBoundary } from "./interfaces";
import type { Box } from "./layout";

export interface Clip {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** The types of the nodes that were left behind and that links come from, by id. */
  readonly outside: Readonly<Record<string, string>>;
  /** What the copied instances are instances of. */
  readonly subgraphs?: Definitions;
  /** The frames around copied nodes. */
  readonly groups?: Readonly<Record<string, Group>>;
}

const NO_BOXES: ReadonlyMap<string, Box> = new Map();

/**
 * `boxes` is where the cards of the graph are shown, which a node without a place of its own does not know. A frame comes
 * along where everything in it does. The boundary of a subgraph stays.
 */
export function copyNodes(document: GraphDocument, ids: readonly string[], boxes = NO_BOXES): Clip {
  const nodes: Record<string, GraphNode> = {};
  const outside: Record<string, string> = {};
  for (const id of ids) {
    const node = own(document.nodes, id);
    if (node === undefined || isBoundary(node.type)) continue;
    // A copy was not added by code.
    const { origin: _origin, ...rest } = node;
    const { x, y } = boxes.get(id) ?? positionOf(node);
    nodes[id] = { ...rest, view: { ...node.view, x, y } };
  }
  for (const node of Object.values(nodes)) {
    for (const [source] of Object.values(node.links ?? {})) {
      const type = own(document.nodes, source)?.type;
      if (!Object.hasOwn(nodes, source) && type !== undefined && !isBoundary(type)) outside[source] = type;
    }
  }
  const subgraphs = definitionsOf(document, Object.values(nodes));
  const groups = groupsOf(document, new Set(Object.keys(nodes)), boxes);
  return {
    nodes,
    outside,
    ...(Object.keys(subgraphs).length > 0 && { subgraphs }),
    ...(Object.keys(groups).length > 0 && { groups }),
  };
}

function groupsOf(
  document: GraphDocument,
  copied: ReadonlySet<string>,
  boxes: ReadonlyMap<string, Box>,
): Record<string, Group> {
  const cards = [...boxes].map(([id, box]) => ({ id, box }));
  const found = Object.entries(document.groups ?? {}).filter(([, group]) => {
    const held = inside(groupBox(group), cards);
    return held.length > 0 && held.every(({ id }) => copied.has(id));
  });
  return Object.fromEntries(found);
}

export interface Paste {
  /** Pair with the nodes of the clip, in its order. */
  readonly newIds: readonly string[];
  readonly shift: Point;
  /** With the links that came from nodes left behind, where the document has such a node of the same type. */
  readonly keepOutside?: boolean;
  /** An id that no subgraph has. */
  readonly newSubgraphId: () => string;
}

/** The operations that add what a clip holds to a graph. */
export function pasteOps(clip: Clip, document: GraphDocument, paste: Paste): Op[] {
  const { newIds, shift } = paste;
  const ids = Object.keys(clip.nodes);
  const renamed = new Map(ids.map((id, index) => [id, newIds[index] as string]));
  const sourceOf = (id: string): string | undefined => {
    const within = renamed.get(id);
    if (within !== undefined || paste.keepOutside !== true) return within;
    const type = own(clip.outside, id);
    return type !== undefined && own(document.nodes, id)?.type === type ? id : undefined;
  };
  const definitions = pasteDefinitions(clip.subgraphs ?? {}, document, paste.newSubgraphId);
  const added = Object.values(clip.nodes).map((node, index): Op => {
    const links: Record<string, Link> = {};
    for (const [input, [source, output]] of Object.entries(node.links ?? {})) {
      const from = sourceOf(source);
      if (from !== undefined) links[input] = [from, output];
    }
    const view = { ...node.view, ...moved(positionOf(node), shift) };
    const type = definitions.typeOf(node.type);
    return { op: "add_node", id: newIds[index] as string, node: { ...node, type, links, view } };
  });
  return [...definitions.ops, ...added, ...groupOps(clip, document, shift)];
}

function groupOps(clip: Clip, document: GraphDocument, shift: Point): Op[] {
  let taken = document.groups ?? {};
  return Object.values(clip.groups ?? {}).map((group) => {
    const id = freeGroupId({ nodes: {}, groups: taken });
    taken = { ...taken, [id]: group };
    return { op: "set_group", id, group: { ...group, ...moved(groupBox(group), shift) } };
  });
}

function moved(at: Point, shift: Point): Point {
  return { x: Math.round(at.x + shift.x), y: Math.round(at.y + shift.y) };
}
