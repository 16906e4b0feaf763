import { expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY } from "../../dev/library";
import type { NodeTypeInfo } from "./library";
import { aliasFor, searchTitles, searchTypes } from "./search";
import { categoryTree, treeRows } from "./tree";
import { typesUsed } from "./typesUsed";

const types = Object.values(SAMPLE_LIBRARY.types);

test("categories lie in categories, by title, with how many types there are", () => {
  const root = categoryTree(types);
  expect(root.count).toBe(types.length);
  const image = root.categories.find((category) => category.title === "image");
  expect(image?.categories.map((category) => category.path)).toEqual([
    "image/compositing",
    "image/filter",
    "image/transform",
  ]);
  expect(image?.types.map((type) => type.title)).toEqual(["Empty Image", "Load Image", "Preview Image", "Save Image"]);
});

test("rows are those of open categories; a type without a category has one all the same", () => {
  const bare = { ...(types[0] as NodeTypeInfo), category: "" };
  const rows = treeRows(categoryTree([...types, bare]), (path) => path === "image" || path === "other");
  const shown = rows.map((row) => `${row.level} ${row.kind === "type" ? row.type.title : row.category.path}`);
  expect(shown).toContain("2 image/filter");
  expect(shown).toContain("2 Empty Image");
  expect(shown).not.toContain("3 Blur Image");
  expect(shown.at(-1)).toBe("1 sampling");
  expect(shown).toContain("1 other");
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
});

test("the types of a graph, those with most links first", () => {
  const used = typesUsed(sampleGraph("text"), SAMPLE_LIBRARY);
  expect(used.slice(0, 3)).toEqual([
    { type: "CLIP", links: 2 },
    { type: "CONDITIONING", links: 2 },
    { type: "LATENT", links: 2 },
  ]);
  expect(used.map(({ type }) => type)).not.toContain("INT");
});

const named = (name: string, title: string, more: Partial<NodeTypeInfo> = {}): NodeTypeInfo => ({
  ...(types[0] as NodeTypeInfo),
  name,
  title,
  description: "",
  category: "",
  ...more,
});

test("descriptions are searched after names; a beginning of a word is enough", () => {
  const offered = [
    named("A", "Soften", { description: "Blur a picture with a Gaussian." }),
    named("B", "Blur Image"),
    named("C", "Black Line Upright", { description: "Straight." }),
  ];
  expect(searchTypes("blur", offered).map((type) => type.name)).toEqual(["B", "A"]);
  expect(searchTypes("gauss", offered).map((type) => type.name)).toEqual(["A"]);
  expect(searchTypes("auss", offered)).toEqual([]);
});

test("a former name finds a type, and is said", () => {
  const type = named("EmptyImage", "Empty Image", { aliases: ["solid colour", "blank"] });
  expect(searchTypes("solid", [type])).toEqual([type]);
  expect(aliasFor("solid", type)).toBe("solid colour");
  expect(aliasFor("empty", type)).toBeUndefined();
});

test("what a person likes comes first among equals", () => {
  const offered = [named("A", "Blur One"), named("B", "Blur Two")];
  const names = (liking?: (name: string) => number) => searchTypes("blur", offered, liking).map((type) => type.name);
  expect(names()).toEqual(["A", "B"]);
  expect(names((name) => (name === "B" ? 6 : 0))).toEqual(["B", "A"]);
});

test("titles are searched like options", () => {
  const things = [{ title: "Select all" }, { title: "Select what feeds it" }];
  expect(searchTitles("feeds sel", things)).toEqual([things[1]]);
  expect(searchTitles(" ", things)).toEqual(things);
});
