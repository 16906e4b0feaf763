import { describe, expect, test } from "vitest";
import type { GraphDocument, Value } from "../graph/document";
import type { Op } from "../graph/edits";
import { fromWire, toWire } from "./convert";

const setTo = (value: unknown): Op[] => [{ op: "set_value", node: "1", input: "a", value: value as Value }];
const valueOfOp = (ops: readonly Op[]) => (ops[0] as Extract<Op, { op: "set_value" }>).value;

describe("literals", () => {
  test.each([
    [{ $int: "18446744073709551615" }, 18446744073709551615n],
    [{ $float: "inf" }, Infinity],
    [{ $float: "-inf" }, -Infinity],
    [{ $float: "nan" }, Number.NaN],
    [
      [1, { deep: { $int: "-9007199254740993" } }],
      [1, { deep: -9007199254740993n }],
    ],
    [{ $$int: "5" }, { $int: "5" }],
    [{ $$$x: 1 }, { $$x: 1 }],
    [
      { $int: "5", more: 1 },
      { $int: "5", more: 1 },
    ],
    ["$int", "$int"],
    [null, null],
  ])("%j on the wire is %s here, and back", (wire, local) => {
    expect(valueOfOp(fromWire(setTo(wire)))).toEqual(local);
    expect(valueOfOp(toWire(setTo(local)))).toEqual(wire);
  });

  test.each([[{ $int: "five" }], [{ $float: "big" }], [{ $int: 5 }], [{ $x: 1 }]])(
    "%j is a literal like any other",
    (odd) => {
      expect(valueOfOp(fromWire(setTo(odd)))).toEqual(odd);
    },
  );
});

test("a document is converted in values, views and origins; unknown members travel as they are", () => {
  const big = { $int: "9007199254740993" };
  const wire = {
    nodebook: 1,
    nodes: {
      "1": {
        type: "A",
        values: { a: big },
        view: { x: 1, b: big },
        origin: { key: "k", values: { a: big } },
        future: big,
      },
    },
  };
  const local = fromWire(wire as unknown as GraphDocument);
  expect(local.nodes["1"]).toEqual({
    type: "A",
    values: { a: 9007199254740993n },
    view: { x: 1, b: 9007199254740993n },
    origin: { key: "k", values: { a: 9007199254740993n } },
    future: big,
  });
  expect(toWire(local)).toEqual(wire);
});

test("subgraphs are converted in their nodes and the defaults of their ports, in documents and in operations", () => {
  const big = { $int: "9007199254740993" };
  const subgraph = {
    name: "S",
    inputs: [{ name: "seed", default: big, label: big }, { name: "image" }],
    nodes: { "1": { type: "A", values: { seed: big } } },
  };
  const held = {
    name: "S",
    inputs: [{ name: "seed", default: 9007199254740993n, label: big }, { name: "image" }],
    nodes: { "1": { type: "A", values: { seed: 9007199254740993n } } },
  };
  const wire = { nodebook: 1, nodes: {}, subgraphs: { s: subgraph } } as unknown as GraphDocument;
  const local = fromWire(wire);
  expect(local.subgraphs?.s).toEqual(held);
  expect(toWire(local)).toEqual(wire);
  const ops = [
    { op: "add_subgraph", id: "s", subgraph },
    { op: "set_subgraph", id: "s", members: { inputs: subgraph.inputs, name: null } },
  ] as unknown as Op[];
  const [added, changed] = fromWire(ops);
  expect(added).toMatchObject({ subgraph: held });
  expect(changed).toMatchObject({ members: { inputs: held.inputs, name: null } });
  expect(toWire(fromWire(ops))).toEqual(ops);
});

test("limits and defaults of the library are converted", () => {
  const limit = { $int: "18446744073709551615" };
  const input = { name: "seed", type: "INT", default: limit, widget: { kind: "number", max: limit } };
  const message = {
    type: "library",
    library: { revision: 1, types: { A: { name: "A", inputs: [input] } }, adapters: [] },
  };
  const local = fromWire(message);
  expect(local.library.types.A.inputs[0]).toMatchObject({
    default: 18446744073709551615n,
    widget: { max: 18446744073709551615n },
  });
});
