import { expect, test } from "vitest";
import { SAMPLE_LIBRARY } from "../../dev/library";
import { changesBetween, relinked, sameOps } from "../graph/changes";
import type { GraphDocument } from "../graph/document";
import { applyOps, type Op } from "../graph/edits";
import { usedOutputs } from "../graph/library";
import { updateFlow } from "./bindFlow";
import { deriveEdges, deriveNodes } from "./flow";

const node = (x: number, links = {}) => ({ type: "ImageBlur", view: { x, y: 0 }, links });
const START: GraphDocument = {
  nodebook: 1,
  nodes: {
    "1": { type: "LoadImage", view: { x: 0, y: 0 } },
    "2": node(300, { image: ["1", "IMAGE"] }),
    "10": node(600, { image: ["2", "IMAGE"] }),
    end: node(900, { image: ["10", "IMAGE"] }),
  },
};

const sourceOf = (document: GraphDocument) => ({ document, library: SAMPLE_LIBRARY, used: usedOutputs(document) });

function flowOf(document: GraphDocument) {
  const source = sourceOf(document);
  return { nodes: deriveNodes(source, []), edges: deriveEdges(source, []) };
}

/** Apply operations; return the flow before and after. */
function edited(...ops: Op[]) {
  const applied = applyOps(START, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  const before = flowOf(START);
  return { before, after: updateFlow(sourceOf(applied.document), START, before), document: applied.document };
}

const CASES: [string, Op[]][] = [
  ["a value", [{ op: "set_value", node: "2", input: "sigma", value: 2 }]],
  ["a move", [{ op: "set_view", node: "10", view: { x: 640, y: 8 } }]],
  ["a width", [{ op: "set_view", node: "10", view: { width: 400 } }]],
  ["a link taken away", [{ op: "set_link", node: "10", input: "image", source: null }]],
  ["another link", [{ op: "set_link", node: "end", input: "image", source: ["1", "IMAGE"] }]],
  ["a new node between others", [{ op: "add_node", id: "3", node: node(0, { image: ["1", "IMAGE"] }) }]],
  ["a new node at the end", [{ op: "add_node", id: "zz", node: node(0) }]],
  ["a removed node", [{ op: "remove_node", id: "2" }]],
  [
    "one gone and one come",
    [
      { op: "remove_node", id: "10" },
      { op: "add_node", id: "11", node: node(5) },
    ],
  ],
  ["a node without a place", [{ op: "add_node", id: "4", node: { type: "ImageBlur" } }]],
  ["nothing", []],
];

test.each(CASES)("%s makes the flow that the whole document makes", (_name, ops) => {
  const { after, document } = edited(...ops);
  const whole = flowOf(document);
  expect(after.nodes.map(({ id, position, width }) => ({ id, position, width }))).toEqual(
    whole.nodes.map(({ id, position, width }) => ({ id, position, width })),
  );
  expect(new Map(after.edges.map((edge) => [edge.id, edge]))).toEqual(
    new Map(whole.edges.map((edge) => [edge.id, edge])),
  );
});

test("what an edit does not change stays the same object", () => {
  const value = edited({ op: "set_value", node: "2", input: "sigma", value: 2 });
  expect(value.after.nodes).toBe(value.before.nodes);
  expect(value.after.edges).toBe(value.before.edges);
  const move = edited({ op: "set_view", node: "10", view: { x: 640 } });
  expect(move.after.nodes.filter((each, index) => each !== move.before.nodes[index]).map(({ id }) => id)).toEqual([
    "10",
  ]);
  expect(move.after.edges).toBe(move.before.edges);
  const link = edited({ op: "set_link", node: "10", input: "image", source: ["1", "IMAGE"] });
  expect(link.after.nodes).toBe(link.before.nodes);
  expect(link.after.edges.filter((edge) => !link.before.edges.includes(edge)).map(({ id }) => id)).toEqual([
    "10/image",
  ]);
});

test("changes are found by identity", () => {
  const { document } = edited(
    { op: "set_title", node: "2", title: "Soft" },
    { op: "set_link", node: "10", input: "image", source: null },
  );
  const changes = changesBetween(START, document);
  expect(changes).toEqual({ touched: ["2", "10"], added: [], removed: [] });
  expect(relinked(START, document, changes)).toEqual(["10"]);
  expect(relinked(START, document, { ...changes, added: ["3"] })).toBeNull();
});

test("operations are compared by what they say", () => {
  const op = (value: unknown) => [{ op: "set_value", node: "1", input: "x", value } as Op];
  expect(sameOps(op([1, { a: 2n }]), op([1, { a: 2n }]))).toBe(true);
  expect(sameOps(op([1, { a: 2n }]), op([1, { a: 2 }]))).toBe(false);
  expect(sameOps(op({ a: 1 }), op({ a: 1, b: 2 }))).toBe(false);
  expect(sameOps(op([]), op({}))).toBe(false);
  expect(sameOps(op(Number.NaN), op(Number.NaN))).toBe(true);
});
