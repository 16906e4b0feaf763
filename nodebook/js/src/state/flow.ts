/** The document as React Flow's nodes and edges. What did not change keeps its identity, so that it does not render. */
import { type Edge, type Node, Position } from "@xyflow/react";
import { colorOf } from "../graph/colors";
import type { Point } from "../graph/compose";
import { type GraphNode, orderedIds, REROUTE } from "../graph/document";
import { isBoundary } from "../graph/interfaces";
import { type Box, cardWidth, estimatePorts, estimateSize, NOTE_HEIGHT, placeUnplaced } from "../graph/layout";
import { NOTE_TYPE, portsOf } from "../graph/library";
import { outputTypeOf } from "../graph/reroutes";
import type { KernelState } from "./kernel";

export type FlowNode = Node<Record<string, never>, "card" | "note" | "boundary" | "reroute">;
export type FlowEdge = Edge;

/** Port names become parts of CSS selectors inside React Flow, so they are escaped. */
export function portId(side: "in" | "out", name: string): string {
  return `${side}:${encodeURIComponent(name)}`;
}

export function portName(id: string): string {
  return decodeURIComponent(id.slice(id.indexOf(":") + 1));
}

export function edgeId(node: string, input: string): string {
  return `${node}/${input}`;
}

function flowType(type: string): FlowNode["type"] & string {
  if (type === NOTE_TYPE) return "note";
  if (type === REROUTE) return "reroute";
  return isBoundary(type) ? "boundary" : "card";
}

const NO_DATA: Record<string, never> = {};
const ORIGIN: Point = { x: 0, y: 0 };

export type Source = Pick<KernelState, "document" | "library" | "used">;

export function deriveNodes(source: Source, old: readonly FlowNode[]): FlowNode[] {
  const { document, library } = source;
  const before = new Map(old.map((node) => [node.id, node]));
  const unplaced = placeUnplaced(document, library);
  return orderedIds(document).map((id) => flowNode(id, source, before.get(id), unplaced.get(id)));
}

/** A node as React Flow has it; the known one where it says the same. `place`: where a node goes that has none. */
export function flowNode(id: string, source: Source, known: FlowNode | undefined, place: Point = ORIGIN): FlowNode {
  const node = source.document.nodes[id] as GraphNode;
  const position = { x: node.view?.x ?? place.x, y: node.view?.y ?? place.y };
  if (known === undefined) return newFlowNode(id, node, position, source);
  const size = fixedSize(node);
  if (known.dragging || known.resizing || (samePlace(known.position, position) && sameSize(known, size))) return known;
  return { ...known, position, ...size };
}

/** Width is the document's; height too for a note. Any other card is as high as its content. */
function fixedSize(node: GraphNode): { width: number; height?: number } {
  const width = cardWidth(node);
  const open = node.type === NOTE_TYPE && node.view?.collapsed !== true;
  return { width, height: open ? (node.view?.height ?? NOTE_HEIGHT) : undefined };
}

function samePlace(a: Point, b: Point): boolean {
  return a.x === b.x && a.y === b.y;
}

function sameSize(a: { width?: number; height?: number }, b: { width?: number; height?: number }): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Estimated size and ports let React Flow draw wires to a card, and skip it, before it was ever mounted. */
function newFlowNode(id: string, node: GraphNode, position: { x: number; y: number }, source: Source): FlowNode {
  const ports = portsOf(source.library, node, source.used.get(id) ?? []);
  const size = estimateSize(node, ports);
  const handles: FlowNode["handles"] = estimatePorts(node, ports).map((place) => {
    const side = place.kind === "source" ? "out" : "in";
    return {
      id: portId(side, place.name),
      type: place.kind,
      position: place.kind === "source" ? Position.Right : Position.Left,
      x: place.x - 6,
      y: place.y - 6,
      width: 12,
      height: 12,
    };
  });
  return {
    id,
    type: flowType(node.type),
    position,
    data: NO_DATA,
    ...fixedSize(node),
    initialHeight: size.height,
    handles,
  };
}

export function deriveEdges(source: Source, old: readonly FlowEdge[]): FlowEdge[] {
  return edgesInto(Object.keys(source.document.nodes), source, old);
}

/** The edges that end at these nodes; known ones where they say the same. */
export function edgesInto(targets: readonly string[], source: Source, old: readonly FlowEdge[]): FlowEdge[] {
  const { document, library } = source;
  const before = new Map(old.map((edge) => [edge.id, edge]));
  const edges: FlowEdge[] = [];
  for (const target of targets) {
    const node = document.nodes[target] as GraphNode;
    for (const [input, [from, output]] of Object.entries(node.links ?? {})) {
      const sourceNode = document.nodes[from];
      if (sourceNode === undefined) continue;
      const id = edgeId(target, input);
      const stroke = colorOf(outputTypeOf(document, library, [from, output]));
      const known = before.get(id);
      const same =
        known?.source === from && known.sourceHandle === portId("out", output) && known.style?.stroke === stroke;
      edges.push(same ? known : newEdge(id, [from, output], [target, input], stroke, known?.selected));
    }
  }
  return edges;
}

function newEdge(
  id: string,
  [source, output]: readonly [string, string],
  [target, input]: readonly [string, string],
  stroke: string,
  selected = false,
): FlowEdge {
  return {
    id,
    source,
    sourceHandle: portId("out", output),
    target,
    targetHandle: portId("in", input),
    style: { stroke },
    selected,
    reconnectable: "target",
    ariaLabel: `Link from ${source} ${output} to ${target} ${input}`,
  };
}

const SMALLEST_HEIGHT = 40;

/** Where the cards are: as measured, else as estimated. */
export function boxesOf(nodes: readonly FlowNode[]): Box[] {
  return nodes.map(boxOf);
}

/** A node is never changed, so its box is made once: a drag asks for all of them at each move. */
const boxes = new WeakMap<FlowNode, Box>();

function boxOf(node: FlowNode): Box {
  const known = boxes.get(node);
  if (known !== undefined) return known;
  const { position, measured, width, height, initialHeight } = node;
  const box = {
    x: position.x,
    y: position.y,
    width: measured?.width ?? width ?? 0,
    height: measured?.height ?? height ?? initialHeight ?? SMALLEST_HEIGHT,
  };
  boxes.set(node, box);
  return box;
}
