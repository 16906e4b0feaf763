import { describe, expect, test } from "vitest";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import { colorNumber } from "./colors";
import type { GraphDocument } from "./document";
import { findType, type NodeTypeInfo } from "./library";
import { firstFittingInput, firstFittingOutput, typesFit, typeWords, whyNotConnect } from "./ports";

describe("typesFit", () => {
  const adapters: [string, string][] = [["IMAGE", "ARRAY"]];
  test.each([
    ["IMAGE", "IMAGE", true],
    ["IMAGE", "MASK", false],
    ["IMAGE", "IMAGE,MASK", true],
    ["IMAGE,MASK", "MASK, LATENT", true],
    ["*", "VAE", true],
    ["VAE", "*", true],
    ["IMAGE", "ARRAY", true],
    ["ARRAY", "IMAGE", false],
    ["MASK,IMAGE", "ARRAY", true],
    ["IMAGES", "IMAGE", false],
  ])("%s into %s: %s", (source, target, fits) => {
    expect(typesFit(source, target, adapters)).toBe(fits);
  });
});

const document: GraphDocument = {
  nodebook: 1,
  nodes: {
    "1": { type: "LoadImage" },
    "2": { type: "ImageBlur", links: { image: ["1", "IMAGE"] } },
    "3": { type: "ImageSharpen", title: "Crisp", links: { image: ["2", "IMAGE"] } },
    "4": { type: "no.such.Type" },
  },
};

describe("whyNotConnect", () => {
  test.each([
    ["1", "IMAGE", "3", "image", null],
    ["1", "MASK", "2", "image", "image takes IMAGE, not MASK."],
    ["3", "IMAGE", "2", "image", "Crisp already depends on Blur Image: this would be a loop."],
    ["2", "IMAGE", "2", "image", "A node cannot take its own output."],
    ["1", "NOPE", "2", "image", "Load Image has no output NOPE."],
    ["1", "IMAGE", "2", "nope", "Blur Image has no input nope."],
    ["4", "IMAGE", "2", "image", "no.such.Type is unknown here: its links are read-only."],
    ["1", "IMAGE", "4", "image", "no.such.Type is unknown here: its links are read-only."],
    ["9", "IMAGE", "2", "image", "One of the nodes is no longer there."],
  ])("%s %s into %s %s: %s", (source, output, target, input, reason) => {
    expect(whyNotConnect(document, library, { source, output, target, input })).toBe(reason);
  });
});

test("a wire that is dropped on a card goes to a port without a control first", () => {
  const type = findType(library, "ImageCompositeMasked") as NodeTypeInfo;
  expect(firstFittingInput(type, "MASK", [])).toBe("mask");
  expect(firstFittingInput(type, "INT", [])).toBe("x");
  expect(firstFittingInput(type, "VAE", [])).toBeUndefined();
  expect(firstFittingOutput(type, "IMAGE", [])).toBe("IMAGE");
});

test("an unknown type has a stable colour that is not the grey", () => {
  expect(colorNumber("pandas.DataFrame")).toBe(colorNumber("pandas.DataFrame"));
  expect(colorNumber("pandas.DataFrame")).toBeGreaterThan(0);
  expect(colorNumber("IMAGE,MASK")).toBe(colorNumber("IMAGE"));
  expect(colorNumber("constructor")).toBeGreaterThan(0);
});

test("a union reads as words", () => {
  expect(typeWords("IMAGE,MASK")).toBe("IMAGE or MASK");
  expect(typeWords("*")).toBe("anything");
});
