/** Heights of the cards in their columns: links as level as the order and the gaps allow. */
import { groupBy } from "./layers";
import type { Layered, Segment, Vertex } from "./types";

const CARD_GAP = 32;
const BEND_GAP = 12;
const SWEEPS = 12;
/** Links that pass columns should be straight above all. */
const WEIGHTS = { bends: 8, bend: 2, cards: 1 };
/** What has no links on the side that is looked at stays about where it is. */
const FREE_WEIGHT = 0.01;

interface Wish {
  readonly y: number;
  readonly weight: number;
}

export function setHeights({ vertices, segments, layers }: Layered): void {
  const incoming = groupBy(segments, (segment) => segment.to);
  const outgoing = groupBy(segments, (segment) => segment.from);
  for (const layer of layers) {
    let y = 0;
    layer.forEach((index, at) => {
      const vertex = vertices[index] as Vertex;
      vertex.y = y;
      y += vertex.height + gapAfter(vertices, layer, at);
    });
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    const last = sweep >= SWEEPS - 2;
    for (const layer of forward ? layers : [...layers].reverse()) {
      place(vertices, layer, (index) => [
        ...(forward || last ? (incoming.get(index) ?? []).map((one) => fromSource(vertices, one)) : []),
        ...(!forward || last ? (outgoing.get(index) ?? []).map((one) => fromTarget(vertices, one)) : []),
      ]);
    }
  }
}

function fromSource(vertices: readonly Vertex[], segment: Segment): Wish {
  const y = (vertices[segment.from]?.y ?? 0) + segment.fromY - segment.toY;
  return { y, weight: weightOf(vertices, segment) };
}

function fromTarget(vertices: readonly Vertex[], segment: Segment): Wish {
  const y = (vertices[segment.to]?.y ?? 0) + segment.toY - segment.fromY;
  return { y, weight: weightOf(vertices, segment) };
}

function weightOf(vertices: readonly Vertex[], { from, to }: Segment): number {
  const bends = Number(vertices[from]?.id === null) + Number(vertices[to]?.id === null);
  return bends === 2 ? WEIGHTS.bends : bends === 1 ? WEIGHTS.bend : WEIGHTS.cards;
}

function gapAfter(vertices: readonly Vertex[], layer: readonly number[], at: number): number {
  const here = vertices[layer[at] ?? -1];
  const next = vertices[layer[at + 1] ?? -1];
  return here?.id === null && next?.id === null
    ? BEND_GAP
    : here?.id === null || next?.id === null
      ? BEND_GAP * 2
      : CARD_GAP;
}

interface Block {
  wish: number;
  weight: number;
  count: number;
}

/**
 * The heights nearest to what the links wish (least squares) under which nothing overlaps and the order stays: isotonic
 * regression by pooling adjacent violators, after taking off what stands above each card.
 */
function place(vertices: Vertex[], layer: readonly number[], wishesOf: (index: number) => readonly Wish[]): void {
  const offsets: number[] = [];
  const blocks: Block[] = [];
  let offset = 0;
  layer.forEach((index, at) => {
    const vertex = vertices[index] as Vertex;
    offsets.push(offset);
    const own = wishesOf(index);
    const wishes = own.length > 0 ? own : [{ y: vertex.y, weight: FREE_WEIGHT }];
    const weight = wishes.reduce((sum, wish) => sum + wish.weight, 0);
    const wish = wishes.reduce((sum, one) => sum + one.y * one.weight, 0) / weight - offset;
    blocks.push({ wish, weight, count: 1 });
    for (
      let above = blocks.at(-2);
      above !== undefined && above.wish > (blocks.at(-1) as Block).wish;
      above = blocks.at(-2)
    ) {
      const below = blocks.pop() as Block;
      const both = above.weight + below.weight;
      above.wish = (above.wish * above.weight + below.wish * below.weight) / both;
      above.weight = both;
      above.count += below.count;
    }
    offset += vertex.height + gapAfter(vertices, layer, at);
  });
  let at = 0;
  for (const block of blocks) {
    for (let one = 0; one < block.count; one += 1, at += 1) {
      (vertices[layer[at] as number] as Vertex).y = block.wish + (offsets[at] as number);
    }
  }
}
