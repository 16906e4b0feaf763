import { describe, expect, test } from "vitest";
import type { GraphDocument } from "./document";
import { applyOps, type Op } from "./edits";
import {
  addGroupOp,
  changeGroupOps,
  frameAround,
  groupBox,
  inside,
  moveGroupOps,
  orderedGroups,
  refitGroupOps,
} from "./groups";
import type { Library } from "./library";
import { outputTypeOf, rerouteOps, withoutReroutes } from "./reroutes";

const BOXES = [
  { x: 0, y: 0, width: 240, height: 100 },
  { x: 300, y: 50, width: 240, height: 200 },
];

const DOCUMENT: GraphDocument = {
  nodebook: 1,
  nodes: { "1": { type: "A", view: { x: 10, y: 20 } }, "2": { type: "B", links: { x: ["1", "O"] } } },
  groups: {
    "1": { title: "Big", x: 0, y: 0, width: 900, height: 900 },
    "2": { title: "Small", x: 5, y: 5, width: 200, height: 200 },
  },
};

function applied(document: GraphDocument, ops: readonly Op[]): GraphDocument {
  const result = applyOps(document, ops);
  if (result.refused !== undefined) throw new Error(result.refused);
  return result.document;
}

describe("groups", () => {
  test("a new one is around the cards, under the smallest free id", () => {
    expect(frameAround(BOXES)).toEqual({ x: -24, y: -56, width: 588, height: 330 });
    expect(addGroupOp(DOCUMENT, "New", BOXES)).toMatchObject({
      op: "set_group",
      id: "3",
      group: { title: "New", x: -24 },
    });
  });

  test("what has its middle in it is in it", () => {
    const cards = BOXES.map((box, index) => ({ id: index, box }));
    expect(inside({ x: -10, y: -10, width: 260, height: 120 }, cards).map((card) => card.id)).toEqual([0]);
    expect(inside({ x: 0, y: 0, width: 130, height: 60 }, cards).map((card) => card.id)).toEqual([0]);
    expect(inside({ x: 0, y: 0, width: 100, height: 60 }, cards)).toEqual([]);
  });

  test("moving takes cards and inner groups along, and by nothing is nothing", () => {
    const ops = moveGroupOps(DOCUMENT, ["1", "2"], new Map([["1", { x: 10, y: 20 }]]), { x: 5, y: -3.4 });
    const moved = applied(DOCUMENT, ops);
    expect(moved.groups?.["1"]).toMatchObject({ x: 5, y: -3, width: 900 });
    expect(moved.groups?.["2"]).toMatchObject({ x: 10, y: 2 });
    expect(moved.nodes["1"]?.view).toEqual({ x: 15, y: 17 });
    expect(moveGroupOps(DOCUMENT, ["1"], new Map(), { x: 0.2, y: 0 })).toEqual([]);
  });

  test("members are changed and taken away", () => {
    const colored = applied(DOCUMENT, changeGroupOps(DOCUMENT, "2", { color: "blue" }));
    expect(colored.groups?.["2"]).toMatchObject({ title: "Small", color: "blue" });
    const plain = applied(colored, changeGroupOps(colored, "2", { color: undefined }));
    expect(plain.groups?.["2"]).toEqual(DOCUMENT.groups?.["2"]);
    expect(changeGroupOps(DOCUMENT, "2", { title: "Small" })).toEqual([]);
    expect(changeGroupOps(DOCUMENT, "9", { title: "Gone" })).toEqual([]);
  });

  test("larger ones are drawn behind; what is no object is not drawn, and its numbers may be anything", () => {
    const odd = { ...DOCUMENT, groups: { ...DOCUMENT.groups, a: true as never, b: { x: "left" as never } } };
    expect(orderedGroups(odd.groups).map(([id]) => id)).toEqual(["1", "2", "b"]);
    expect(groupBox({ x: "left" as never, width: 3 })).toEqual({ x: 0, y: 0, width: 96, height: 96 });
  });
});

describe("reroutes", () => {
  const library: Library = {
    revision: 1,
    adapters: [],
    types: { A: { name: "A", title: "A", category: "", inputs: [], outputs: [{ name: "O", type: "IMAGE" }] } },
  };

  test("one is put on a wire, has the type of what it passes on, and is taken off", () => {
    const wire = { source: "1", output: "O", target: "2", input: "x" };
    const once = applied(DOCUMENT, rerouteOps(DOCUMENT, wire, "5", { x: 100, y: 50 }));
    expect(once.nodes["5"]).toEqual({ type: "Reroute", links: { value: ["1", "O"] }, view: { x: 88, y: 38 } });
    expect(once.nodes["2"]?.links).toEqual({ x: ["5", "value"] });
    const twice = applied(
      once,
      rerouteOps(once, { source: "5", output: "value", target: "2", input: "x" }, "6", { x: 0, y: 0 }),
    );
    expect(outputTypeOf(twice, library, ["6", "value"])).toBe("IMAGE");
    const off = applied(twice, withoutReroutes(twice, ["5", "6"]));
    expect(off.nodes["2"]?.links).toEqual({ x: ["1", "O"] });
    expect(withoutReroutes(twice, ["1"])).toEqual([]);
  });

  test("a ring of them has no type and no end", () => {
    const ring: GraphDocument = {
      nodebook: 1,
      nodes: {
        "1": { type: "Reroute", links: { value: ["2", "value"] } },
        "2": { type: "Reroute", links: { value: ["1", "value"] } },
        "3": { type: "B", links: { x: ["1", "value"] } },
      },
    };
    expect(outputTypeOf(ring, library, ["1", "value"])).toBe("*");
    expect(withoutReroutes(ring, ["1", "2"])).toHaveLength(1);
  });
});

test("after a layout the frames are around what was in them; a frame of which nothing moved stays", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "A" }, "2": { type: "B" } },
    groups: {
      "1": { title: "First", x: -20, y: -50, width: 280, height: 170 },
      "2": { title: "Second", x: 280, y: 0, width: 280, height: 300 },
    },
  };
  const boxes = BOXES.map((box, index) => ({ ...box, id: String(index + 1) }));
  expect(refitGroupOps(document, boxes, new Map())).toEqual([]);
  const ops = refitGroupOps(document, boxes, new Map([["2", { x: 1000, y: 400 }]]));
  expect(ops).toHaveLength(1);
  const groups = applied(document, ops).groups ?? {};
  expect(groups["1"]).toEqual(document.groups?.["1"]);
  expect(groups["2"]).toMatchObject({
    title: "Second",
    ...frameAround([{ x: 1000, y: 400, width: 240, height: 200 }]),
  });
});
