import { describe, expect, test } from "vitest";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import { duplicateOps, moveOps, newNode, toggleModeOps } from "./compose";
import { compareIds, type GraphDocument, highestId } from "./document";
import { applyOps } from "./edits";
import { hexOf, parseHex } from "./hex";
import { estimatePorts, estimateSize, freePlace, freeShift, nudgedPlace, placeUnplaced } from "./layout";
import { findType, type NodeTypeInfo, portsOf, usedOutputs } from "./library";
import { offeredStarters, STARTERS, starterOps } from "./starters";

const EMPTY: GraphDocument = { nodebook: 1, nodes: {} };

function applied(document: GraphDocument, ops: Parameters<typeof applyOps>[1]): GraphDocument {
  const result = applyOps(document, ops);
  if (result.refused !== undefined) throw new Error(result.refused);
  return result.document;
}

test("ids: whole numbers by size, then names", () => {
  expect(["b", "10", "2", "a", "01"].sort(compareIds)).toEqual(["2", "10", "01", "a", "b"]);
  expect(highestId({ nodebook: 1, nodes: { "7": { type: "A" }, x9: { type: "A" } } })).toBe(7);
});

describe("starters", () => {
  test("all three are offered by a library that has their types", () => {
    expect(offeredStarters(library)).toEqual(STARTERS);
  });

  test("one that needs a type or a port that is missing is not", () => {
    const { FeatherMask: _gone, ...types } = library.types;
    expect(offeredStarters({ ...library, types }).map((one) => one.title)).not.toContain("Mask and composite");
    const load = { ...(types.LoadImage as NodeTypeInfo), outputs: [{ name: "PICTURE", type: "IMAGE" }] };
    expect(offeredStarters({ ...library, types: { ...types, LoadImage: load } }).map((one) => one.title)).toEqual([
      "Make a picture from words",
    ]);
    expect(offeredStarters({ ...library, types: {} })).toEqual([]);
  });

  test("the pictures of the first one cover no card: what makes them has the place below it", () => {
    const nodes = STARTERS[0]?.nodes ?? [];
    for (const node of nodes) {
      for (const [source] of Object.values(node.links ?? {})) {
        expect(nodes[source]?.at[0]).toBeLessThan(node.at[0]);
      }
    }
  });

  test.each(STARTERS.map((one) => [one.title, one] as const))("%s: every link fits", (_title, starter) => {
    const ids = starter.nodes.map((_node, index) => String(index + 5));
    const document = applied(EMPTY, starterOps(library, starter, ids));
    for (const node of Object.values(document.nodes)) {
      const type = findType(library, node.type) as NodeTypeInfo;
      const required = type.inputs.filter((input) => input.required).map((input) => input.name);
      expect(Object.keys(node.links ?? {})).toEqual(expect.arrayContaining(required));
      for (const name of Object.keys(node.values ?? {})) expect(type.inputs.map((input) => input.name)).toContain(name);
    }
  });
});

describe("toggleModeOps", () => {
  const graph: GraphDocument = {
    nodebook: 1,
    nodes: {
      "1": { type: "A" },
      "2": { type: "A", mode: "mute" },
      "3": { type: "A", mode: "bypass" },
      "4": { type: "Note" },
      "5": { type: "A", mode: "of another version" },
    },
  };
  test.each([
    ["switches those on that are not yet", ["1", "2", "3"], "mute", { "1": "mute", "3": "mute" }],
    ["lets all run where all are in the mode", ["2"], "mute", { "2": null }],
    ["goes from one mode to the other", ["2"], "bypass", { "2": "bypass" }],
    ["takes the place of a word that nobody knows", ["5"], "mute", { "5": "mute" }],
    ["leaves notes and what is gone alone", ["4", "9"], "mute", {}],
    ["does nothing to nothing", [], "mute", {}],
  ] as const)("%s", (_name, ids, mode, expected) => {
    const ops = toggleModeOps(graph, ids, mode);
    expect(Object.fromEntries(ops.flatMap((op) => (op.op === "set_mode" ? [[op.node, op.mode]] : [])))).toEqual(
      expected,
    );
  });
});

describe("duplicateOps", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: {
      "1": { type: "LoadImage", view: { x: 0, y: 0 } },
      "2": {
        type: "ImageBlur",
        values: { sigma: 2 },
        links: { image: ["1", "IMAGE"] },
        origin: { key: "k" },
        view: { x: 300, y: 0 },
      },
      "3": { type: "ImageBlur", links: { image: ["2", "IMAGE"] }, view: { x: 600, y: 0 } },
    },
  };
  const copy = applied(document, duplicateOps(document, ["2", "3"], ["4", "5"], { x: 32, y: 32 }));

  test("links among the copies stay among them, links from the rest stay", () => {
    expect(copy.nodes["4"]?.links).toEqual({ image: ["1", "IMAGE"] });
    expect(copy.nodes["5"]?.links).toEqual({ image: ["4", "IMAGE"] });
  });
  test("a node without a place of its own is copied from where it is shown", () => {
    const unplaced: GraphDocument = { nodebook: 1, nodes: { "1": { type: "LoadImage" } } };
    const ops = duplicateOps(unplaced, ["1"], ["2"], { x: 1, y: 2 }, () => ({ x: 320.4, y: 40 }));
    expect(applied(unplaced, ops).nodes["2"]?.view).toEqual({ x: 321, y: 42 });
  });
  test("values come along, the origin in code does not", () => {
    expect(copy.nodes["4"]).toEqual({
      type: "ImageBlur",
      values: { sigma: 2 },
      links: { image: ["1", "IMAGE"] },
      view: { x: 332, y: 32 },
    });
  });
});

test("moveOps says only what moved, in whole pixels", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "A", view: { x: 1, y: 2 } }, "2": { type: "A" } },
  };
  const places = new Map([
    ["1", { x: 1.2, y: 2.4 }],
    ["2", { x: 9.6, y: 0 }],
  ]);
  expect(moveOps(document, places)).toEqual([{ op: "set_view", node: "2", view: { x: 10, y: 0 } }]);
});

test("a new node takes the first choice where its type has no default", () => {
  expect(newNode(findType(library, "LoadImage") as NodeTypeInfo, { x: 0.4, y: 1 })).toEqual({
    type: "LoadImage",
    values: { image: "astronaut.png" },
    view: { x: 0, y: 1 },
  });
});

describe("layout", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: {
      "1": { type: "LoadImage" },
      "2": { type: "ImageBlur", links: { image: ["1", "IMAGE"] } },
      "3": { type: "LoadImage" },
    },
  };
  test("nodes without a place are put in columns by depth, none on another", () => {
    const places = placeUnplaced(document, library);
    expect(places.get("2")?.x).toBeGreaterThan(places.get("1")?.x as number);
    expect(places.get("3")?.y).toBeGreaterThan(places.get("1")?.y as number);
  });
  test("every port has an estimated place on the card's edge", () => {
    const node = document.nodes["2"] as GraphDocument["nodes"][string];
    const ports = portsOf(library, node, []);
    const size = estimateSize(node, ports);
    const places = estimatePorts(node, ports);
    expect(places.map((place) => place.name).sort()).toEqual(["IMAGE", "blur_radius", "image", "sigma"]);
    for (const place of places) {
      expect([0, size.width]).toContain(place.x);
      expect(place.y).toBeLessThan(size.height);
    }
  });
  test("a new node does not cover another's corner", () => {
    const taken = [{ x: 10, y: 10, width: 240, height: 100 }];
    expect(nudgedPlace(taken, { x: 12, y: 8 })).toEqual({ x: 36, y: 32 });
    expect(nudgedPlace(taken, { x: 100, y: 8 })).toEqual({ x: 100, y: 8 });
  });
  test("copies cover no card, nor each other's originals; what has no room near goes below", () => {
    const card = (x: number, y: number) => ({ x, y, width: 240, height: 160 });
    const boxes = [card(0, 0), card(300, 0), card(0, 200)];
    const moved = boxes.slice(0, 2);
    const shift = freeShift(boxes, moved, { x: 32, y: 32 });
    for (const one of moved) {
      const [x, y] = [one.x + shift.x, one.y + shift.y];
      for (const box of boxes) {
        expect(x >= box.x + 240 || x + 240 <= box.x || y >= box.y + 160 || y + 160 <= box.y).toBe(true);
      }
    }
    const wall = { x: -5000, y: -5000, width: 10_000, height: 10_000 };
    expect(freeShift([wall], [card(0, 0)], { x: 32, y: 32 })).toEqual({ x: 32, y: 5040 });
    expect(freeShift([card(0, 0)], [card(900, 0)], { x: 32, y: 32 })).toEqual({ x: 32, y: 32 });
  });
  test("a node without a wanted place covers no other and stays near", () => {
    const taken = [{ x: 0, y: 0, width: 240, height: 100 }];
    const size = { width: 240, height: 160 };
    expect(freePlace(taken, { x: 400, y: 8 }, size)).toEqual({ x: 400, y: 8 });
    const { x, y } = freePlace(taken, { x: 20, y: 20 }, size);
    expect(x >= 240 || x + 240 <= 0 || y >= 100 || y + 160 <= 0).toBe(true);
    expect(Math.hypot(x - 20, y - 20)).toBeLessThan(240);
  });
});

test("a node of an unknown type keeps ports for all its values and links", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "Gone", values: { a: 1 }, links: { b: ["2", "X"] } }, "2": { type: "Gone" } },
  };
  const used = usedOutputs(document);
  expect(used.get("2")).toEqual(["X"]);
  const ports = portsOf(library, document.nodes["1"] as GraphDocument["nodes"][string], []);
  expect(ports.unknown).toBe(true);
  expect(ports.inputs.map((input) => input.name)).toEqual(["a", "b"]);
});

test("colours as numbers and as text", () => {
  expect(hexOf(0x00ff10)).toBe("#00ff10");
  expect(hexOf("#ABC")).toBe("#aabbcc");
  expect(hexOf("nonsense")).toBe("#000000");
  expect(parseHex("ff8800")).toBe(0xff8800);
  expect(parseHex("#ff88")).toBeNull();
});
