/** Frames behind the cards: what is in one is what lies in it when it is dragged. */
import type { Point } from "./compose";
import { compareIds, type Graph, type Group, own } from "./document";
import type { Op } from "./edits";
import type { Box } from "./layout";

export const GROUP_HEADER = 32;
const PADDING = 24;
export const SMALLEST_GROUP = 96;

/** Where a group is. A document may hold anything there: what is no number counts as a small frame at the corner. */
export function groupBox(group: Group): Box {
  const number = (value: unknown, fallback: number) =>
    typeof value === "number" && Number.isFinite(value) ? value : fallback;
  return {
    x: number(group.x, 0),
    y: number(group.y, 0),
    width: Math.max(SMALLEST_GROUP, number(group.width, SMALLEST_GROUP)),
    height: Math.max(SMALLEST_GROUP / 2, number(group.height, SMALLEST_GROUP)),
  };
}

/** The frame around some cards, with room for a title. */
export function frameAround(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((box) => box.x)) - PADDING;
  const top = Math.min(...boxes.map((box) => box.y)) - PADDING - GROUP_HEADER;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + PADDING;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + PADDING;
  return {
    x: Math.round(left),
    y: Math.round(top),
    width: Math.round(right - left),
    height: Math.round(bottom - top),
  };
}

/** Which of the boxes lie in a frame: by their middle, so that one that sticks out a little moves along. */
export function inside<T extends { readonly box: Box }>(frame: Box, boxes: readonly T[]): T[] {
  return boxes.filter(({ box }) => {
    const x = box.x + box.width / 2;
    const y = box.y + box.height / 2;
    return x >= frame.x && x <= frame.x + frame.width && y >= frame.y && y <= frame.y + frame.height;
  });
}

/** The smallest whole number that is no group's id. */
export function freeGroupId(graph: Graph): string {
  let number = 1;
  while (own(graph.groups, String(number)) !== undefined) number += 1;
  return String(number);
}

/** Groups in the order in which they are drawn: larger ones behind. */
export function orderedGroups(groups: Graph["groups"]): [string, Group][] {
  const area = (group: Group) => groupBox(group).width * groupBox(group).height;
  return Object.entries(groups ?? {})
    .filter(([, group]) => typeof group === "object" && group !== null && !Array.isArray(group))
    .sort(([a, one], [b, other]) => area(other) - area(one) || compareIds(a, b));
}

export function addGroupOp(graph: Graph, title: string, boxes: readonly Box[]): Op {
  return { op: "set_group", id: freeGroupId(graph), group: { title, ...frameAround(boxes) } };
}

/** Change members of a group; `undefined` takes one away. Nothing where nothing differs. */
export function changeGroupOps(graph: Graph, id: string, members: Group): Op[] {
  const old = own(graph.groups, id);
  if (old === undefined) return [];
  const merged = Object.entries({ ...old, ...members }).filter(([, value]) => value !== undefined);
  const group: Group = Object.fromEntries(merged);
  return JSON.stringify(group) === JSON.stringify(old) ? [] : [{ op: "set_group", id, group }];
}

/** Frames drawn anew around what was in them, where some of that goes to other places. */
export function refitGroupOps(
  graph: Graph,
  boxes: readonly (Box & { readonly id: string })[],
  places: ReadonlyMap<string, Point>,
): Op[] {
  const cards = boxes.map((box) => ({ box, after: { ...box, ...places.get(box.id) } }));
  return orderedGroups(graph.groups).flatMap(([id, group]) => {
    const members = inside(groupBox(group), cards);
    const moved = members.some(({ box, after }) => box.x !== after.x || box.y !== after.y);
    return moved ? changeGroupOps(graph, id, { ...frameAround(members.map(({ after }) => after)) }) : [];
  });
}

/** Move groups, and the nodes that were in them, by so much. */
export function moveGroupOps(
  graph: Graph,
  groups: readonly string[],
  places: ReadonlyMap<string, Point>,
  by: Point,
): Op[] {
  if (Math.round(by.x) === 0 && Math.round(by.y) === 0) return [];
  const ops: Op[] = groups.flatMap((id) => {
    const group = own(graph.groups, id);
    if (group === undefined) return [];
    const { x, y } = groupBox(group);
    return changeGroupOps(graph, id, { x: Math.round(x + by.x), y: Math.round(y + by.y) });
  });
  for (const [node, place] of places) {
    if (own(graph.nodes, node) === undefined) continue;
    ops.push({ op: "set_view", node, view: { x: Math.round(place.x + by.x), y: Math.round(place.y + by.y) } });
  }
  return ops;
}
