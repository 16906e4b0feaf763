import { expect, test } from "vitest";
import { sampleGraph } from "../../../dev/graphs";
import { SAMPLE_LIBRARY } from "../../../dev/library";
import { boundsOf, type Placed } from "../arrange";
import type { GraphNode } from "../document";
import { type Box, estimatePorts, estimateSize } from "../layout";
import { type Ports, portsOf } from "../library";
import { autoLayout, type LayoutGraph, type LayoutLink } from ".";
import { countCrossings, reduceCrossings } from "./crossings";
import { columnsOf, layered, withoutLoops } from "./layers";

/** Mulberry32: the same graphs in each run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function randomGraph(seed: number): { graph: LayoutGraph; notes: Placed[] } {
  const random = randomOf(seed);
  const whole = (below: number) => Math.floor(random() * below);
  const box = (id: string): Placed => ({
    id,
    x: whole(3000) - 500,
    y: whole(2000) - 500,
    width: 160 + whole(300),
    height: 32 + whole(400),
  });
  const count = 1 + whole(40);
  const cards = Array.from({ length: count }, (_, index) => box(String(index + 1)));
  const links: LayoutLink[] = [];
  for (let link = whole(count * 2); link > 0; link -= 1) {
    const [a, b] = [whole(count), whole(count)];
    // Some of them close loops, which a graph may have.
    const [source, target] = random() < 0.9 ? [Math.min(a, b), Math.max(a, b)] : [a, b];
    if (source === target) continue;
    links.push({
      source: String(source + 1),
      target: String(target + 1),
      sourceY: 16 + whole(60),
      targetY: 16 + whole(60),
    });
  }
  return { graph: { cards, links }, notes: Array.from({ length: whole(4) }, (_, index) => box(`n${index}`)) };
}

const moved = (boxes: readonly Placed[], places: ReturnType<typeof autoLayout>) =>
  boxes.map((box) => ({ ...box, ...places.get(box.id) }));

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);

test.each(SEEDS)(
  "random graph %i: nothing overlaps, links go right, the corner stays, doing it again changes nothing",
  (seed) => {
    const { graph, notes } = randomGraph(seed);
    const places = autoLayout(graph, notes);
    const cards = moved(graph.cards, places);
    const all = [...cards, ...moved(notes, places)];
    const onOthers = all.flatMap((a, index) =>
      all
        .slice(index + 1)
        .filter((b) => overlap(a, b))
        .map((b) => [a.id, b.id]),
    );
    expect(onOthers).toEqual([]);
    const byId = new Map(cards.map((card) => [card.id, card]));
    for (const { source, target } of withoutLoops(graph)) {
      const [from, to] = [byId.get(source) as Placed, byId.get(target) as Placed];
      expect(from.x + from.width).toBeLessThan(to.x);
    }
    const [before, after] = [boundsOf(graph.cards), boundsOf(cards)];
    expect([after.x, after.y]).toEqual([before.x, before.y]);
    const again = autoLayout({ cards, links: graph.links }, moved(notes, places));
    expect(Object.fromEntries(again)).toEqual(Object.fromEntries(places));
    for (const { x, y } of places.values()) expect([x, y]).toEqual([Math.round(x), Math.round(y)]);
  },
);

test.each(SEEDS.slice(0, 20))("random graph %i: the sweeps never make more links cross", (seed) => {
  const { graph } = randomGraph(seed);
  const acyclic = { cards: graph.cards, links: withoutLoops(graph) };
  const drawn = layered(acyclic, columnsOf(acyclic));
  const before = countCrossings(drawn);
  reduceCrossings(drawn);
  expect(countCrossings(drawn)).toBeLessThanOrEqual(before);
});

function sample(name: string): LayoutGraph {
  const { nodes } = sampleGraph(name);
  const ports = new Map(Object.entries(nodes).map(([id, node]) => [id, portsOf(SAMPLE_LIBRARY, node, [])]));
  const height = (id: string, kind: string, port: string) =>
    estimatePorts(nodes[id] as GraphNode, ports.get(id) as Ports).find((one) => one.kind === kind && one.name === port)
      ?.y ?? 0;
  const cards = Object.entries(nodes)
    .filter(([, node]) => node.type !== "Note")
    .map(([id, node]) => ({ id, x: 0, y: 0, ...estimateSize(node, ports.get(id) as Ports) }));
  const links = Object.entries(nodes).flatMap(([target, node]) =>
    Object.entries(node.links ?? {}).map(([input, [source, output]]) => ({
      source,
      target,
      sourceY: height(source, "source", output),
      targetY: height(target, "target", input),
    })),
  );
  return { cards, links };
}

test("text to image: what feeds the sampler stands before it, and no links cross", () => {
  const graph = sample("text");
  const columns = columnsOf(graph);
  expect(Object.fromEntries(columns)).toEqual({ 1: 0, 2: 1, 3: 1, 4: 1, 5: 2, 6: 3, 7: 4 });
  const drawn = layered(graph, columns);
  reduceCrossings(drawn);
  expect(countCrossings(drawn)).toBe(0);
});

test("a large graph is laid out in well under a second", () => {
  const started = performance.now();
  autoLayout(sample("1000"));
  expect(performance.now() - started).toBeLessThan(3000);
});

test("a chain stands level: its ports are on one line", () => {
  const cards = ["1", "2", "3"].map((id, at) => ({ id, x: 0, y: 0, width: 200, height: 100 + 40 * at }));
  const links = [
    { source: "1", target: "2", sourceY: 40, targetY: 60 },
    { source: "2", target: "3", sourceY: 50, targetY: 30 },
  ];
  const places = autoLayout({ cards, links });
  const y = (id: string) => places.get(id)?.y ?? Number.NaN;
  expect(y("1") + 40).toBe(y("2") + 60);
  expect(y("2") + 50).toBe(y("3") + 30);
});
