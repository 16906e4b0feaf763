import { expect, test } from "vitest";
import { fromWire, toFile, toWire } from "../sync/convert";
import { sameOps } from "./changes";
import type { GraphDocument } from "./document";
import { applyOps } from "./edits";
import { bindOps, boundTo, isVariable, isVariableName, VariableRef } from "./variables";

const wire: GraphDocument = {
  nodebook: 1,
  nodes: {
    "1": {
      type: "ImageBlur",
      values: { image: { $variable: "photo" }, sigma: { $$variable: "x" }, list: [{ $variable: "x" }] },
    },
    "2": { type: "Variable", values: { name: "photo" } },
  },
};

test("a variable on the wire is one here, and goes back as it came", () => {
  const document = fromWire(wire);
  const values = document.nodes["1"]?.values ?? {};
  expect(values.image).toEqual(new VariableRef("photo"));
  expect(isVariable(values.image)).toBe(true);
  expect(values.sigma).toEqual({ $variable: "x" });
  expect(isVariable(values.sigma)).toBe(false);
  expect(isVariable((values.list as unknown[])[0])).toBe(false);
  expect(toWire(document).nodes["1"]?.values?.image).toEqual({ $variable: "photo" });
  expect(toWire(document).nodes["1"]?.values?.sigma).toEqual({ $$variable: "x" });
  expect(fromWire(toWire(document))).toEqual(document);
  expect(fromWire(toFile(document))).toEqual(document);
});

test("a variable is not the object that looks like it", () => {
  const op = (value: unknown) => [{ op: "set_value", node: "1", input: "a", value }] as never;
  expect(sameOps(op(new VariableRef("x")), op(new VariableRef("x")))).toBe(true);
  expect(sameOps(op(new VariableRef("x")), op(new VariableRef("y")))).toBe(false);
  expect(sameOps(op(new VariableRef("x")), op({ variable: "x" }))).toBe(false);
});

test("an input is bound, and what it was linked to goes; undo brings it back", () => {
  const document = fromWire<GraphDocument>({
    nodebook: 1,
    nodes: { "1": { type: "A", links: { image: ["2", "x"] } }, "2": { type: "Variable" } },
  });
  const node = document.nodes["1"];
  if (node === undefined) throw new Error("no node");
  const applied = applyOps(document, bindOps("1", node, "image", "photo"));
  if (applied.refused !== undefined) throw new Error(applied.refused);
  const bound = applied.document.nodes["1"];
  expect(bound && boundTo(bound, "image")).toBe("photo");
  expect(bound?.links ?? {}).toEqual({});
  const undone = applyOps(applied.document, applied.inverse);
  expect(undone.refused === undefined && undone.document.nodes["1"]).toEqual(node);
});

test("a Variable node holds its name as text", () => {
  const node = { type: "Variable", values: { name: "photo" } };
  expect(boundTo(node, "name")).toBe("photo");
  expect(boundTo({ type: "Variable" }, "name")).toBeNull();
  expect(bindOps("1", node, "name", "other")).toEqual([{ op: "set_value", node: "1", input: "name", value: "other" }]);
});

test.each([
  ["photo", true],
  ["größe_2", true],
  ["_x", true],
  ["2x", false],
  ["a b", false],
  ["a.b", false],
  ["", false],
])("%s is a name of a variable: %s", (text, expected) => {
  expect(isVariableName(text)).toBe(expected);
});
