/**
 * The order within columns, so that few links cross: sweeps over the columns that sort each by the barycentre of its
 * neighbours (Sugiyama, Tagawa and Toda 1981), the best of them kept.
 */
import { groupBy } from "./layers";
import type { Layered, Segment } from "./types";

const MOST_SWEEPS = 24;
const PATIENCE = 4;

export function reduceCrossings(graph: Layered): void {
  const { layers, segments } = graph;
  const incoming = groupBy(segments, (segment) => segment.to);
  const outgoing = groupBy(segments, (segment) => segment.from);
  let best = layers.map((layer) => [...layer]);
  let fewest = countCrossings(graph);
  for (let sweep = 0, idle = 0; sweep < MOST_SWEEPS && idle < PATIENCE && fewest > 0; sweep += 1) {
    const forward = sweep % 2 === 0;
    const order = forward ? layers : [...layers].reverse();
    for (const layer of order) sortLayer(graph, layer, forward ? incoming : outgoing, forward);
    const now = countCrossings(graph);
    idle = now < fewest ? 0 : idle + 1;
    if (now >= fewest) continue;
    fewest = now;
    best = layers.map((layer) => [...layer]);
  }
  best.forEach((layer, index) => {
    layers[index] = layer;
  });
}

/** By the mean place of its neighbours; what has none stays where it is, between the others. */
function sortLayer(graph: Layered, layer: number[], near: ReadonlyMap<number, Segment[]>, forward: boolean): void {
  const places = placesOf(graph);
  const wanted = new Map<number, number>();
  layer.forEach((vertex, at) => {
    const segments = near.get(vertex) ?? [];
    const sum = segments.reduce(
      (total, one) => total + (forward ? startOf(graph, places, one) : endOf(graph, places, one)),
      0,
    );
    wanted.set(vertex, segments.length === 0 ? at : sum / segments.length);
  });
  const free = layer.filter((vertex) => near.has(vertex));
  free.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || layer.indexOf(a) - layer.indexOf(b));
  let next = 0;
  layer.forEach((vertex, at) => {
    if (near.has(vertex)) layer[at] = free[next++] as number;
  });
}

function placesOf({ layers }: Layered): Map<number, number> {
  return new Map(layers.flatMap((layer) => layer.map((vertex, at) => [vertex, at] as const)));
}

/** Place of a link's end in its column: that of the card, and a fraction for the height of the port. */
function startOf({ vertices }: Layered, places: ReadonlyMap<number, number>, { from, fromY }: Segment): number {
  return (places.get(from) ?? 0) + fraction(fromY, vertices[from]?.height ?? 1);
}

function endOf({ vertices }: Layered, places: ReadonlyMap<number, number>, { to, toY }: Segment): number {
  return (places.get(to) ?? 0) + fraction(toY, vertices[to]?.height ?? 1);
}

function fraction(y: number, height: number): number {
  return Math.max(0, Math.min(0.99, y / Math.max(1, height)));
}

/** How often links cross, column by column: inversions, counted in n log n. */
export function countCrossings(graph: Layered): number {
  const places = placesOf(graph);
  const byLayer = groupBy(graph.segments, (segment) => graph.vertices[segment.from]?.layer ?? 0);
  let crossings = 0;
  for (const segments of byLayer.values()) {
    const ends = segments
      .map((segment) => ({ start: startOf(graph, places, segment), end: endOf(graph, places, segment) }))
      .sort((a, b) => a.start - b.start || a.end - b.end);
    crossings += inversions(ends.map(({ end }) => end));
  }
  return crossings;
}

function inversions(numbers: readonly number[]): number {
  const ranks = new Map([...new Set(numbers)].sort((a, b) => a - b).map((number, rank) => [number, rank + 1]));
  const tree = new Uint32Array(ranks.size + 1);
  let found = 0;
  numbers.forEach((number, before) => {
    let notLarger = 0;
    for (let at = ranks.get(number) as number; at > 0; at -= at & -at) notLarger += tree[at] as number;
    found += before - notLarger;
    for (let at = ranks.get(number) as number; at <= ranks.size; at += at & -at) tree[at] = (tree[at] as number) + 1;
  });
  return found;
}
