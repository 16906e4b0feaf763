/**
 * Automatic layout: cards in columns from left to right along the links (Sugiyama's method). It depends on the graph and the
 * sizes alone, not on where cards are, so doing it again changes nothing; the corner of the whole stays where it was.
 */
import { boundsOf, type Placed } from "../arrange";
import type { Point } from "../compose";
import { type Box, freePlace } from "../layout";
import { reduceCrossings } from "./crossings";
import { setHeights } from "./heights";
import { columnsOf, groupBy, layered, withoutLoops } from "./layers";
import type { LayoutGraph, LayoutLink } from "./types";

export type { LayoutGraph, LayoutLink } from "./types";

const COLUMN_GAP = 72;
const PART_GAP = 64;
/** Parts without links between them stand side by side up to this times the root of their area. */
const SHAPE = 1.6;

/** New places of cards and notes. A note stays where it was relative to the nearest card. */
export function autoLayout(graph: LayoutGraph, notes: readonly Placed[] = []): Map<string, Point> {
  const places = new Map<string, Point>();
  if (graph.cards.length === 0) return places;
  const bounds = boundsOf(graph.cards);
  const corner = { x: Math.round(bounds.x), y: Math.round(bounds.y) };
  for (const [id, { x, y }] of pack(partsOf(graph).map(layoutPart))) {
    places.set(id, { x: corner.x + x, y: corner.y + y });
  }
  placeNotes(graph.cards, notes, places);
  return places;
}

/** The connected parts of the graph, in document order. */
function partsOf({ cards, links }: LayoutGraph): LayoutGraph[] {
  const root = new Map(cards.map((card) => [card.id, card.id]));
  const find = (id: string): string => {
    let at = id;
    for (let up = root.get(at); up !== undefined && up !== at; up = root.get(at)) at = up;
    root.set(id, at);
    return at;
  };
  for (const { source, target } of links) root.set(find(source), find(target));
  const linksBy = groupBy(links, (link: LayoutLink) => find(link.source));
  return [...groupBy(cards, (card) => find(card.id))].map(([part, own]) => ({
    cards: own,
    links: linksBy.get(part) ?? [],
  }));
}

type Part = readonly (Box & { readonly id: string })[];

/** Places within one connected part, its corner at 0, 0. */
function layoutPart(part: LayoutGraph): Part {
  const acyclic = { cards: part.cards, links: withoutLoops(part) };
  const drawn = layered(acyclic, columnsOf(acyclic));
  reduceCrossings(drawn);
  setHeights(drawn);
  const widths = drawn.layers.map((layer) =>
    layer.reduce((most, index) => Math.max(most, drawn.vertices[index]?.width ?? 0), 0),
  );
  const lefts: number[] = [];
  widths.reduce((x, width) => {
    lefts.push(x);
    return x + width + COLUMN_GAP;
  }, 0);
  const boxes = drawn.vertices.flatMap(({ id, width, height, layer, y }) =>
    id === null ? [] : [{ id, x: lefts[layer] ?? 0, y, width, height }],
  );
  const { x, y } = boundsOf(boxes);
  return boxes.map((box) => ({ ...box, x: Math.round(box.x - x), y: Math.round(box.y - y) }));
}

/** Parts side by side in rows, like words. */
function pack(parts: readonly Part[]): [string, Point][] {
  const sizes = parts.map(boundsOf);
  const area = sizes.reduce((sum, { width, height }) => sum + (width + PART_GAP) * (height + PART_GAP), 0);
  const limit = Math.max(Math.sqrt(area) * SHAPE, ...sizes.map(({ width }) => width));
  const placed: [string, Point][] = [];
  let x = 0;
  let y = 0;
  let lowest = 0;
  parts.forEach((part, index) => {
    const { width, height } = sizes[index] as Box;
    if (x > 0 && x + width > limit) {
      x = 0;
      y += lowest + PART_GAP;
      lowest = 0;
    }
    for (const box of part) placed.push([box.id, { x: x + box.x, y: y + box.y }]);
    x += Math.ceil(width) + PART_GAP;
    lowest = Math.max(lowest, Math.ceil(height));
  });
  return placed;
}

/** Each note goes with the card that it is nearest to, and from there to the nearest place that is free. */
function placeNotes(cards: readonly Placed[], notes: readonly Placed[], places: Map<string, Point>): void {
  const boxes: Box[] = cards.map((card) => ({ ...card, ...places.get(card.id) }));
  for (const note of notes) {
    const near = cards.reduce((best, card) => (distance(note, card) < distance(note, best) ? card : best));
    const to = places.get(near.id) as Point;
    const wanted = { x: to.x + note.x - near.x, y: to.y + note.y - near.y };
    const free = freePlace(boxes, wanted, note);
    // Where all around is taken there is room below.
    const bottom = boundsOf(boxes);
    const place = boxes.some((box) => overlaps(box, { ...note, ...free }))
      ? { x: free.x, y: Math.ceil(bottom.y + bottom.height + PART_GAP) }
      : free;
    places.set(note.id, place);
    boxes.push({ ...note, ...place });
  }
}

function distance(a: Box, b: Box): number {
  const dx = Math.max(0, a.x - b.x - b.width, b.x - a.x - a.width);
  const dy = Math.max(0, a.y - b.y - b.height, b.y - a.y - a.height);
  return Math.hypot(dx, dy);
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
