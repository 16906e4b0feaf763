import { expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import type { GraphDocument } from "./document";
import { applyOps, type Op } from "./edits";
import { replacementsOf, replaceOps } from "./replace";

const all = sampleGraph("all");

function apply(document: GraphDocument, ops: readonly Op[]): GraphDocument {
  const applied = applyOps(document, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  return applied.document;
}

function replaced(id: string, type: string, document = all): GraphDocument {
  const ops = replaceOps(document, library, id, type);
  if (ops === null) throw new Error(`${type} does not replace ${id}`);
  return apply(document, ops);
}

test("links, place, title and the values that both have stay", () => {
  const after = replaced("2", "ImageSharpen");
  expect(after.nodes["2"]).toEqual({
    type: "ImageSharpen",
    title: "Fail",
    values: { sigma: 2.5 },
    links: { image: ["1", "IMAGE"] },
    view: { x: 300, y: 0 },
  });
  expect(after.nodes["4"]?.links).toEqual(all.nodes["4"]?.links);
});

test("ports with other names are matched by type", () => {
  const after = replaced("2", "tint");
  expect(after.nodes["2"]?.links).toEqual({ picture: ["1", "IMAGE"] });
  const two = replaced("4", "ImageCompositeMasked");
  expect(two.nodes["4"]?.links).toEqual({ destination: ["2", "IMAGE"], source: ["3", "IMAGE"] });
});

test("undo brings back every byte", () => {
  const ops = replaceOps(all, library, "3", "ImageBlur") as Op[];
  const applied = applyOps(all, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  expect(apply(applied.document, applied.inverse)).toEqual(all);
});

test("a type that would lose a link is not offered", () => {
  const offered = replacementsOf(all, library, "4").map((type) => type.name);
  expect(offered).toEqual(["ImageCompositeMasked"]);
  expect(replaceOps(all, library, "4", "ImageBlur")).toBeNull();
  const forSource = replacementsOf(all, library, "1").map((type) => type.name);
  expect(forSource).toContain("EmptyImage");
  expect(forSource).not.toContain("SolidMask");
  expect(replacementsOf(all, library, "11")).toEqual([]);
});

test("an unknown node can be replaced by what fits its links", () => {
  const offered = replacementsOf(all, library, "7").map((type) => type.name);
  expect(offered).toContain("ImageScale");
  const after = replaced("7", "ImageScale");
  expect(after.nodes["7"]?.links).toEqual({ image: ["3", "IMAGE"] });
  expect(after.nodes["8"]?.links).toEqual({ destination: ["7", "IMAGE"] });
});

test("values that the new control does not take are left", () => {
  const document = apply(all, [{ op: "set_value", node: "2", input: "sigma", value: "soft" }]);
  expect(replaced("2", "ImageSharpen", document).nodes["2"]?.values).toBeUndefined();
});
