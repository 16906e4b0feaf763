import { expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY } from "../../dev/library";
import { linksFromOutput, linksToInput } from "./candidates";
import type { GraphDocument } from "./document";
import { ancestorsOf, descendantsOf, followersOf, runningOrder } from "./order";
import { whyNotConnect } from "./ports";

const TEXT = sampleGraph("text");
const ALL = sampleGraph("all");

test("the running order has sources before what takes from them, and no notes", () => {
  const order = runningOrder(TEXT);
  expect(order).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  for (const [id, { links }] of Object.entries(ALL.nodes)) {
    const all = runningOrder(ALL);
    for (const [source] of Object.values(links ?? {})) expect(all.indexOf(source)).toBeLessThan(all.indexOf(id));
  }
});

test("a loop does not hang the order, and every node is in it once", () => {
  const loop: GraphDocument = {
    nodebook: 1,
    nodes: {
      "1": { type: "ImageBlur", links: { image: ["2", "IMAGE"] } },
      "2": { type: "ImageBlur", links: { image: ["1", "IMAGE"] } },
      "3": { type: "ImageBlur", links: { image: ["gone", "IMAGE"] } },
    },
  };
  expect(runningOrder(loop).sort()).toEqual(["1", "2", "3"]);
  expect([...ancestorsOf(loop, "1")].sort()).toEqual(["1", "2"]);
});

test("what feeds and follows a node", () => {
  expect([...ancestorsOf(TEXT, "6")].sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
  expect([...descendantsOf(TEXT, "5")].sort()).toEqual(["5", "6", "7"]);
  expect(followersOf(TEXT, "1", "CLIP")).toEqual([
    { node: "2", input: "clip" },
    { node: "3", input: "clip" },
  ]);
  expect(followersOf(TEXT, "1")).toHaveLength(4);
});

test("links from an output fit, close no loop, and offer free inputs first", () => {
  const links = linksFromOutput(ALL, SAMPLE_LIBRARY, "9", "IMAGE");
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(whyNotConnect(ALL, SAMPLE_LIBRARY, link)).toBeNull();
  const taken = links.map((link) => link.taken);
  expect(taken).toEqual([...taken].sort());
  expect(links[0]).toMatchObject({ target: "6", input: "picture", taken: false });
  const after = linksFromOutput(ALL, SAMPLE_LIBRARY, "4", "IMAGE").map((link) => link.target);
  expect(after).toContain("8");
  expect(after).not.toContain("2");
});

test("links to an input offer first what runs just before the node", () => {
  const sources = linksToInput(ALL, SAMPLE_LIBRARY, "4", "image1").map((link) => link.source);
  expect(sources.slice(0, 2)).toEqual(["3", "1"]);
  expect(sources.at(-1)).toBe("12");
});

test("links to an input leave out the one that is there, and what depends on the node", () => {
  const links = linksToInput(TEXT, SAMPLE_LIBRARY, "5", "positive");
  expect(links).toEqual([{ source: "3", output: "CONDITIONING", target: "5", input: "positive", taken: true }]);
  expect(linksToInput(TEXT, SAMPLE_LIBRARY, "4", "nothing")).toEqual([]);
  expect(linksToInput(ALL, SAMPLE_LIBRARY, "2", "image").map((link) => link.source)).not.toContain("4");
});
