/** Sizes and places of cards. The estimates let the canvas place wires and skip cards that are not near. */

import type { Point } from "./compose";
import { type GraphDocument, type GraphNode, own, REROUTE } from "./document";
import { TEXT_HEIGHTS, textHeightOf } from "./heights";
import { type InputInfo, isMultiline, type Library, NOTE_TYPE, type Ports, portsOf, type Widget } from "./library";
import { isPortRow } from "./portRows";
import { REROUTE_SIZE } from "./reroutes";
import { boundTo } from "./variables";

export const CARD_WIDTH = 240;
export const NOTE_WIDTH = 280;
export const HEADER_HEIGHT = 32;
export const ROW_HEIGHT = 24;
export const CONTROL_HEIGHT = 28;
export const TEXT_HEIGHT = 92;
const CURVE_HEIGHT = 188;
const BODY_PADDING = 8;
export const NOTE_HEIGHT = 160;
const GAP = 40;
const NUDGE = 24;
const MARGIN = 16;
const RINGS = 16;
const MOST_PAIRS = 20_000;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface PortPlace {
  readonly name: string;
  readonly kind: "source" | "target";
  readonly x: number;
  readonly y: number;
}

export function cardWidth(node: GraphNode): number {
  if (node.type === REROUTE) return REROUTE_SIZE;
  return node.view?.width ?? (node.type === NOTE_TYPE ? NOTE_WIDTH : CARD_WIDTH);
}

/** Inputs in the top rows, beside the outputs: those without a control, by type or where a person wanted that. */
export function topInputs(node: GraphNode, inputs: readonly InputInfo[]): InputInfo[] {
  return inputs.filter((input) => isPortRow(node, input));
}

/** The other inputs, in rows of their own. */
export function rowInputs(node: GraphNode, inputs: readonly InputInfo[]): InputInfo[] {
  return inputs.filter((input) => !isPortRow(node, input));
}

/** Inputs that never have a control. */
export function plainInputs(inputs: readonly InputInfo[]): InputInfo[] {
  return inputs.filter((input) => input.widget === null);
}

export function controlInputs(inputs: readonly InputInfo[]): InputInfo[] {
  return inputs.filter((input) => input.widget !== null);
}

/** The size of a card before it was measured. */
export function estimateSize(node: GraphNode, ports: Ports): Size {
  const width = cardWidth(node);
  if (node.type === REROUTE) return { width, height: REROUTE_SIZE };
  if (node.view?.collapsed) return { width, height: HEADER_HEIGHT };
  if (node.type === NOTE_TYPE) return { width, height: node.view?.height ?? NOTE_HEIGHT };
  const rows = Math.max(topInputs(node, ports.inputs).length, ports.outputs.length);
  let height = HEADER_HEIGHT + BODY_PADDING + rows * ROW_HEIGHT;
  for (const input of rowInputs(node, ports.inputs)) height += controlHeight(node, input);
  return { width, height };
}

function controlHeight(node: GraphNode, input: InputInfo): number {
  const linked = own(node.links, input.name) !== undefined || boundTo(node, input.name) !== null;
  if (input.widget?.kind === "curve" && !linked) return CURVE_HEIGHT;
  if (input.widget?.kind === "fields" && !linked) return fieldRows(input.widget) * CONTROL_HEIGHT;
  if (!isMultiline(input) || linked) return CONTROL_HEIGHT;
  return TEXT_HEIGHT - TEXT_HEIGHTS.usual + textHeightOf(node, input.name);
}

/** How many rows the fields of a data class take, its name included. */
function fieldRows(widget: Extract<Widget, { kind: "fields" }>): number {
  return widget.fields.reduce(
    (rows, field) => rows + (field.widget?.kind === "fields" ? fieldRows(field.widget) : 1),
    1,
  );
}

/** Where the ports of a card are before it was measured, relative to its corner. */
export function estimatePorts(node: GraphNode, ports: Ports): PortPlace[] {
  const width = cardWidth(node);
  const collapsed = node.view?.collapsed === true;
  const places: PortPlace[] = [];
  const top = HEADER_HEIGHT + BODY_PADDING / 2;
  const isDot = node.type === REROUTE;
  const rowMiddle = (row: number) => {
    if (isDot) return REROUTE_SIZE / 2;
    return collapsed ? HEADER_HEIGHT / 2 : top + (row + 0.5) * ROW_HEIGHT;
  };
  ports.outputs.forEach((output, row) => {
    places.push({ name: output.name, kind: "source", x: width, y: rowMiddle(row) });
  });
  const plain = topInputs(node, ports.inputs);
  plain.forEach((input, row) => {
    places.push({ name: input.name, kind: "target", x: 0, y: rowMiddle(row) });
  });
  let y = top + Math.max(plain.length, ports.outputs.length) * ROW_HEIGHT;
  for (const input of rowInputs(node, ports.inputs)) {
    const middle = collapsed ? HEADER_HEIGHT / 2 : y + CONTROL_HEIGHT / 2;
    places.push({ name: input.name, kind: "target", x: 0, y: middle });
    y += controlHeight(node, input);
  }
  return places;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

/** `wanted`, moved down and right in small steps while another card's corner is there. */
export function nudgedPlace(boxes: readonly Box[], wanted: Point): Point {
  let place = { x: Math.round(wanted.x), y: Math.round(wanted.y) };
  for (let tries = 0; tries <= boxes.length; tries += 1) {
    const hit = boxes.some((box) => Math.abs(box.x - place.x) < NUDGE && Math.abs(box.y - place.y) < NUDGE);
    if (!hit) return place;
    place = { x: place.x + NUDGE, y: place.y + NUDGE };
  }
  return place;
}

/** The nearest place to `wanted`, on a grid around it, where a card of `size` covers no other. */
export function freePlace(boxes: readonly Box[], wanted: Point, size: Size): Point {
  const found = offsets().find(([dx, dy]) => !covers(boxes, { x: wanted.x + dx, y: wanted.y + dy, ...size }));
  if (found === undefined) return nudgedPlace(boxes, wanted);
  return { x: Math.round(wanted.x + found[0]), y: Math.round(wanted.y + found[1]) };
}

/** How far copies of the cards `moved` go so that they cover no card: about by `wanted`, else below everything. */
export function freeShift(boxes: readonly Box[], moved: readonly Box[], wanted: Point): Point {
  const isFree = ([dx, dy]: [number, number]) =>
    !moved.some((box) => covers(boxes, { ...box, x: box.x + wanted.x + dx, y: box.y + wanted.y + dy }));
  const found = boxes.length * moved.length <= MOST_PAIRS ? offsets().find(isFree) : undefined;
  if (found !== undefined) return { x: wanted.x + found[0], y: wanted.y + found[1] };
  const bottom = boxes.reduce((lowest, box) => Math.max(lowest, box.y + box.height), -Infinity);
  const top = moved.reduce((highest, box) => Math.min(highest, box.y), Infinity);
  return { x: wanted.x, y: Math.round(bottom + GAP - top) };
}

/** Whether `card`, with a margin, lies over one of the boxes. */
function covers(boxes: readonly Box[], card: Box): boolean {
  return boxes.some(
    (box) =>
      card.x < box.x + box.width + MARGIN &&
      box.x < card.x + card.width + MARGIN &&
      card.y < box.y + box.height + MARGIN &&
      box.y < card.y + card.height + MARGIN,
  );
}

/** Steps of a grid, the nearest first. */
function offsets(): [number, number][] {
  const steps: [number, number][] = [];
  for (let column = -RINGS; column <= RINGS; column += 1) {
    for (let row = -RINGS; row <= RINGS; row += 1) steps.push([column * GAP, row * GAP]);
  }
  return steps.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
}

/** Positions for the nodes that have none: columns by depth, in document order, below what is already placed. */
export function placeUnplaced(document: GraphDocument, library: Library): Map<string, { x: number; y: number }> {
  const places = new Map<string, { x: number; y: number }>();
  const missing = Object.entries(document.nodes).filter(([, node]) => node.view?.x === undefined);
  if (missing.length === 0) return places;
  const depths = depthsOf(document);
  const bottoms = new Map<number, number>();
  const floor = floorOf(document, library);
  for (const [id, node] of missing) {
    const depth = depths.get(id) ?? 0;
    const y = bottoms.get(depth) ?? floor;
    places.set(id, { x: depth * (NOTE_WIDTH + GAP), y });
    bottoms.set(depth, y + estimateSize(node, portsOf(library, node, [])).height + GAP);
  }
  return places;
}

function floorOf(document: GraphDocument, library: Library): number {
  let floor = 0;
  for (const node of Object.values(document.nodes)) {
    if (node.view?.y === undefined) continue;
    floor = Math.max(floor, node.view.y + estimateSize(node, portsOf(library, node, [])).height + GAP);
  }
  return floor;
}

/** How many links are on the longest way into each node; a loop counts as 0. */
function depthsOf(document: GraphDocument): Map<string, number> {
  const depths = new Map<string, number>();
  const visit = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    depths.set(id, 0);
    let depth = 0;
    for (const [source] of Object.values(document.nodes[id]?.links ?? {})) {
      if (document.nodes[source] !== undefined) depth = Math.max(depth, visit(source) + 1);
    }
    depths.set(id, depth);
    return depth;
  };
  for (const id of Object.keys(document.nodes)) visit(id);
  return depths;
}
