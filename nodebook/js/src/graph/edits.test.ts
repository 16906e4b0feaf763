import { describe, expect, test } from "vitest";
import cases from "../../../../tests/fixtures/edits.json";
import { fromWire, toWire } from "../sync/convert";
import type { GraphDocument } from "./document";
import { applyOps, type Op } from "./edits";

interface Case {
  name: string;
  document: GraphDocument;
  ops: Op[];
  result?: GraphDocument;
  refused?: boolean;
  inverse_restores?: boolean;
}

const table = cases as unknown as Case[];

describe("edits.json, shared with Python", () => {
  test.each(table.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const before = structuredClone(one.document);
    const applied = applyOps(one.document, one.ops);
    expect(one.document).toEqual(before);
    if (one.refused) {
      expect(applied.refused).toMatch(/\.$/);
      return;
    }
    if (applied.refused !== undefined) throw new Error(applied.refused);
    expect(applied.document).toEqual(one.result);
    const undone = applyOps(applied.document, applied.inverse);
    if (undone.refused !== undefined) throw new Error(undone.refused);
    expect(undone.document).toEqual(one.document);
  });

  test.each(table.map((one) => [one.name, one] as const))("%s: the same through bigint and nan", (_name, one) => {
    const applied = applyOps(fromWire(one.document), fromWire(one.ops));
    if (applied.refused === undefined) expect(toWire(applied.document)).toEqual(one.result);
  });
});

test("an edit keeps the identity of every node that it does not touch", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "A" }, "2": { type: "B", links: { a: ["1", "A"] } }, "3": { type: "C" } },
  };
  const applied = applyOps(document, [{ op: "set_value", node: "1", input: "x", value: 1 }]);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  expect(applied.document.nodes["2"]).toBe(document.nodes["2"]);
  expect(applied.document.nodes["3"]).toBe(document.nodes["3"]);
  expect(applied.document.nodes["1"]).not.toBe(document.nodes["1"]);
});
