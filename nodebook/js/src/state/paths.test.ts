import { expect, test } from "vitest";
import { SAMPLE_LIBRARY } from "../../dev/library";
import type { GraphDocument } from "../graph/document";
import { comparePaths, isWithin, titleAt } from "./paths";

const DOCUMENT: GraphDocument = {
  nodebook: 1,
  nodes: {
    "7": { type: "subgraph:s", title: "Soften" },
    "8": { type: "ImageBlur" },
    "9": { type: "subgraph:s" },
    "10": { type: "subgraph:gone" },
  },
  subgraphs: { s: { name: "S", nodes: { "3": { type: "ImageSharpen" } } } },
};

test("titles lead through the instances", () => {
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "8")).toBe("Blur Image");
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "7/3")).toBe("Soften / Sharpen Image");
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "9/3")).toBe("S / Sharpen Image");
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "10")).toBe("subgraph:gone");
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "7/4")).toBeNull();
  expect(titleAt(DOCUMENT, SAMPLE_LIBRARY, "9/9/9")).toBeNull();
});

test("the order is that of the document, what is inside after its instance", () => {
  expect(["10", "7/10", "7/2", "a", "7", "8"].sort(comparePaths)).toEqual(["7", "7/2", "7/10", "8", "10", "a"]);
});

test("what is within", () => {
  expect(["7", "7/3", "70", "8"].filter((path) => isWithin(path, "7"))).toEqual(["7", "7/3"]);
});
