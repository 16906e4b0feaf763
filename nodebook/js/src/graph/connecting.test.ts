import { describe, expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import { conversionOps, convertibleLink, findConversions } from "./conversions";
import type { GraphDocument } from "./document";
import { applyOps } from "./edits";
import { fittingNodes } from "./fitting";
import { findInsertion, findInsertionOfNode, insertionOps } from "./insert";
import type { NodeTypeInfo } from "./library";
import { connected, downstream, upstream } from "./neighbours";

const text = sampleGraph("text");
const all = sampleGraph("all");
const typeOf = (name: string) => library.types[name] as NodeTypeInfo;

function apply(document: GraphDocument, ops: Parameters<typeof applyOps>[1]): GraphDocument {
  const applied = applyOps(document, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  return applied.document;
}

describe("neighbours", () => {
  test("what feeds a node, what it feeds, and both", () => {
    expect([...upstream(text, ["5"])].sort()).toEqual(["1", "2", "3", "4", "5"]);
    expect([...downstream(text, ["5"])].sort()).toEqual(["5", "6", "7"]);
    expect(connected(text, ["7"]).has("8")).toBe(false);
    expect(connected(text, ["4"]).size).toBe(7);
  });

  test("links to nodes that are not there lead nowhere", () => {
    const document: GraphDocument = {
      nodebook: 1,
      nodes: { "1": { type: "ImageBlur", links: { image: ["9", "IMAGE"] as const } } },
    };
    expect([...upstream(document, ["1"])]).toEqual(["1"]);
  });
});

describe("fittingNodes", () => {
  test("a wire from an output fits where an input takes its type, but for loops", () => {
    const wire = { node: "2", port: "IMAGE", side: "source", type: "IMAGE" } as const;
    const fits = fittingNodes(all, library, wire);
    expect([...fits].sort()).toEqual(["10", "12", "2", "3", "4", "5", "6", "8"]);
  });

  test("what comes before the wire's start does not fit: that would be a loop", () => {
    const wire = { node: "4", port: "IMAGE", side: "source", type: "IMAGE" } as const;
    const fits = fittingNodes(all, library, wire);
    expect([fits.has("2"), fits.has("3"), fits.has("5")]).toEqual([false, false, true]);
  });

  test("a wire from an input fits where an output gives its type", () => {
    const wire = { node: "5", port: "model", side: "target", type: "MODEL" } as const;
    expect([...fittingNodes(text, library, wire)].sort()).toEqual(["1", "5"]);
  });
});

describe("conversions", () => {
  const link = { source: "5", output: "LATENT", target: "7", input: "images" };

  test("a node that converts, its other input linked to the only thing that there is", () => {
    const [first, ...rest] = findConversions(text, library, link);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ type: { name: "VAEDecode" }, input: "samples", output: "IMAGE" });
    expect(first?.links).toEqual({ vae: ["1", "VAE"] });
    const after = apply(text, conversionOps(link, first as NonNullable<typeof first>, "20", { x: 1, y: 2 }));
    expect(after.nodes["20"]).toMatchObject({
      type: "VAEDecode",
      links: { samples: ["5", "LATENT"], vae: ["1", "VAE"] },
    });
    expect(after.nodes["7"]?.links).toEqual({ images: ["20", "IMAGE"] });
  });

  test("the first port of a card that a conversion leads to", () => {
    const wire = { node: "5", port: "LATENT", side: "source", type: "LATENT" } as const;
    expect(convertibleLink(text, library, wire, "7")).toEqual(link);
    expect(convertibleLink(text, library, wire, "1")).toBeNull();
    const back = { node: "7", port: "images", side: "target", type: "IMAGE" } as const;
    expect(convertibleLink(text, library, back, "5")).toEqual(link);
  });

  test("the only candidate counts wherever it is", () => {
    const [first] = findConversions(text, library, { ...link, source: "4" });
    expect(first?.links).toEqual({ vae: ["1", "VAE"] });
  });

  test("of two candidates the one before the wire's start counts", () => {
    const two = apply(text, [{ op: "add_node", id: "9", node: { type: "CheckpointLoaderSimple" } }]);
    expect(findConversions(two, library, link)[0]?.links).toEqual({ vae: ["1", "VAE"] });
    const both = apply(two, [{ op: "set_link", node: "5", input: "positive", source: ["9", "MODEL"] }]);
    expect(findConversions(both, library, link)).toEqual([]);
  });

  test("none without what its other input needs, none around a loop, none between what has no types", () => {
    const without = apply(text, [{ op: "remove_node", id: "1" }]);
    expect(findConversions(without, library, link)).toEqual([]);
    expect(findConversions(text, library, { source: "7", output: "x", target: "5", input: "model" })).toEqual([]);
    const looped = { source: "5", output: "LATENT", target: "5", input: "model" };
    expect(findConversions(text, library, looped)).toEqual([]);
  });
});

describe("insertions", () => {
  const wire = { source: "3", output: "IMAGE", target: "5", input: "images" };

  test("a type fits by its first ports that do", () => {
    expect(findInsertion(all, library, wire, typeOf("ImageBlur"))).toEqual({ input: "image", output: "IMAGE" });
    expect(findInsertion(all, library, wire, typeOf("SolidMask"))).toBeNull();
    expect(findInsertion(all, library, wire, typeOf("PreviewImage"))).toBeNull();
  });

  test("a node of the graph fits by an input that is free", () => {
    expect(findInsertionOfNode(all, library, wire, "6")).toEqual({ input: "picture", output: "IMAGE" });
    expect(findInsertionOfNode(all, library, wire, "10")).toBeNull();
    expect(findInsertionOfNode(all, library, wire, "3")).toBeNull();
    const after = apply(all, insertionOps(wire, "6", { input: "picture", output: "IMAGE" }));
    expect(after.nodes["6"]?.links).toEqual({ picture: ["3", "IMAGE"] });
    expect(after.nodes["5"]?.links).toEqual({ images: ["6", "IMAGE"] });
  });

  test("not where it would close a loop", () => {
    const before = apply(all, [{ op: "set_link", node: "3", input: "image", source: ["6", "IMAGE"] }]);
    expect(findInsertionOfNode(before, library, wire, "6")).toBeNull();
  });
});
