/** Which column each card stands in, and the bends of links that are longer than one column. */
import type { Layered, LayoutGraph, LayoutLink, Segment, Vertex } from "./types";

/** Height that a long link keeps free where it passes a column. */
const BEND_HEIGHT = 8;

/** The links but for those that close a loop. */
export function withoutLoops({ cards, links }: LayoutGraph): LayoutLink[] {
  const outgoing = groupBy(links, (link) => link.source);
  const state = new Map<string, "open" | "done">();
  const dropped = new Set<LayoutLink>();
  for (const { id: start } of cards) {
    if (state.has(start)) continue;
    const path = [{ id: start, next: 0 }];
    state.set(start, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const link = outgoing.get(top.id)?.[top.next];
      top.next += 1;
      if (link === undefined) {
        state.set(top.id, "done");
        path.pop();
      } else if (state.get(link.target) === "open") dropped.add(link);
      else if (!state.has(link.target)) {
        state.set(link.target, "open");
        path.push({ id: link.target, next: 0 });
      }
    }
  }
  return links.filter((link) => !dropped.has(link));
}

/** Columns by the longest way in; then what gives more than it takes moves right, up to what needs it. */
export function columnsOf({ cards, links }: LayoutGraph): Map<string, number> {
  const order = topological(
    cards.map((card) => card.id),
    links,
  );
  const incoming = groupBy(links, (link) => link.target);
  const outgoing = groupBy(links, (link) => link.source);
  const columns = new Map<string, number>();
  for (const id of order) {
    const before = (incoming.get(id) ?? []).map((link) => (columns.get(link.source) ?? 0) + 1);
    columns.set(id, Math.max(0, ...before));
  }
  for (const id of [...order].reverse()) {
    const after = outgoing.get(id) ?? [];
    if (after.length === 0 || after.length < (incoming.get(id)?.length ?? 0)) continue;
    columns.set(id, Math.min(...after.map((link) => columns.get(link.target) ?? 0)) - 1);
  }
  const first = Math.min(...columns.values());
  return new Map([...columns].map(([id, column]) => [id, column - first]));
}

function topological(ids: readonly string[], links: readonly LayoutLink[]): string[] {
  const outgoing = groupBy(links, (link) => link.source);
  const waiting = new Map(ids.map((id) => [id, 0]));
  for (const { target } of links) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  const order = ids.filter((id) => waiting.get(id) === 0);
  for (let at = 0; at < order.length; at += 1) {
    for (const { target } of outgoing.get(order[at] as string) ?? []) {
      const left = (waiting.get(target) ?? 0) - 1;
      waiting.set(target, left);
      if (left === 0) order.push(target);
    }
  }
  return order;
}

/** Cards and bends in their columns. Links of one output share their bends. */
export function layered(graph: LayoutGraph, columns: ReadonlyMap<string, number>): Layered {
  const vertices: Vertex[] = [];
  const segments: Segment[] = [];
  const index = new Map<string, number>();
  for (const { id, width, height } of graph.cards) {
    index.set(id, vertices.length);
    vertices.push({ id, width, height, layer: columns.get(id) ?? 0, y: 0 });
  }
  const bends = new Map<string, number>();
  for (const link of graph.links) {
    let from = index.get(link.source) as number;
    let fromY = link.sourceY;
    const last = (columns.get(link.target) ?? 0) - 1;
    for (let layer = (columns.get(link.source) ?? 0) + 1; layer <= last; layer += 1) {
      const key = `${link.source}\n${link.sourceY}\n${layer}`;
      const known = bends.get(key);
      const bend = known ?? vertices.push({ id: null, width: 0, height: BEND_HEIGHT, layer, y: 0 }) - 1;
      if (known === undefined) {
        bends.set(key, bend);
        segments.push({ from, to: bend, fromY, toY: BEND_HEIGHT / 2 });
      }
      from = bend;
      fromY = BEND_HEIGHT / 2;
    }
    segments.push({ from, to: index.get(link.target) as number, fromY, toY: link.targetY });
  }
  return { vertices, segments, layers: firstOrder(vertices, segments) };
}

/** Layers filled along the links, so that what belongs together begins together. */
function firstOrder(vertices: readonly Vertex[], segments: readonly Segment[]): number[][] {
  const count = vertices.reduce((most, { layer }) => Math.max(most, layer + 1), 0);
  const layers: number[][] = Array.from({ length: count }, () => []);
  const outgoing = groupBy(segments, (segment) => segment.from);
  const seen = new Set<number>();
  const starts = vertices.map((_vertex, index) => index).sort((a, b) => layerOf(vertices, a) - layerOf(vertices, b));
  for (const start of starts) {
    const waiting = [start];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      layers[layerOf(vertices, at)]?.push(at);
      const next = (outgoing.get(at) ?? []).map((segment) => segment.to);
      waiting.push(...next.reverse());
    }
  }
  return layers;
}

function layerOf(vertices: readonly Vertex[], index: number): number {
  return vertices[index]?.layer ?? 0;
}

export function groupBy<K, T>(list: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
