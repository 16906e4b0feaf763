import { expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import { clipText, readClipText } from "../sync/clipText";
import { type Clip, copyNodes, pasteOps } from "./clip";
import type { GraphDocument } from "./document";
import { applyOps } from "./edits";

const graph = sampleGraph("text");
const NO_SHIFT = { x: 0, y: 0 };

function pasted(clip: Clip, document: GraphDocument, newIds: string[], keepOutside = false): GraphDocument {
  const applied = applyOps(
    document,
    pasteOps(clip, document, { newIds, shift: { x: 10, y: 20 }, keepOutside, newSubgraphId: () => "fresh" }),
  );
  if (applied.refused !== undefined) throw new Error(applied.refused);
  return applied.document;
}

test("links among the copied nodes come along, those from outside only on demand", () => {
  const clip = copyNodes(graph, ["5", "6"]);
  expect(clip.outside).toEqual({
    "1": "CheckpointLoaderSimple",
    "2": "CLIPTextEncode",
    "3": "CLIPTextEncode",
    "4": "EmptyLatentImage",
  });
  const alone = pasted(clip, graph, ["20", "21"]);
  expect(alone.nodes["20"]?.links).toBeUndefined();
  expect(alone.nodes["21"]?.links).toEqual({ samples: ["20", "LATENT"] });
  expect(alone.nodes["21"]?.view).toMatchObject({ x: 910, y: 20 });
  const kept = pasted(clip, graph, ["20", "21"], true);
  expect(kept.nodes["20"]?.links).toEqual(graph.nodes["5"]?.links);
  expect(kept.nodes["21"]?.links).toEqual({ samples: ["20", "LATENT"], vae: ["1", "VAE"] });
});

test("an outside link needs the same node there, of the same type", () => {
  const clip = copyNodes(graph, ["6"]);
  const other: GraphDocument = { nodebook: 1, nodes: { "1": { type: "LoadImage" }, "5": { type: "KSampler" } } };
  expect(pasted(clip, other, ["9"], true).nodes["9"]?.links).toEqual({ samples: ["5", "LATENT"] });
});

test("what code added is not added by code when it is pasted", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "ImageBlur", origin: { key: "ImageBlur#1" } } },
  };
  expect(copyNodes(document, ["1"]).nodes["1"]).toEqual({ type: "ImageBlur", view: { x: 0, y: 0 } });
});

test("as text and back: long seeds, what is not finite, objects that look like tags", () => {
  const values = {
    seed: 18446744073709551615n,
    a: Number.NaN,
    b: -Infinity,
    c: { $x: [1] },
    d: '9007199254740993 \\" ',
  };
  const clip: Clip = { nodes: { "1": { type: "Odd", values } }, outside: {} };
  const text = clipText(clip);
  expect(text).toContain('"seed":18446744073709551615');
  expect(readClipText(text, library)).toEqual({ from: "nodebook", clip });
});

test("a graph's own file is taken; anything else is not", () => {
  const file = '{"nodebook": 1, "name": "x", "nodes": {"1": {"type": "Odd", "values": {"n": 9007199254740993}}}}';
  expect(readClipText(file, library)?.clip.nodes["1"]?.values).toEqual({ n: 9007199254740993n });
  for (const text of [
    "hello",
    "",
    "{",
    "[1]",
    "{}",
    '{"nodebook": 1}',
    '{"nodebook": 1, "nodes": []}',
    '{"nodebook": 1, "nodes": {"1": {}}}',
    '{"nodebook": 1, "nodes": {"1": {"type": "A", "links": {"x": ["1"]}}}}',
    '{"nodebook": 1, "nodes": {"1": null}}',
    '{"nodes": [1], "links": []}',
    '{"a": {"inputs": {}}}',
  ]) {
    expect(readClipText(text, library), text).toBeNull();
  }
});

test("a pasted node keeps members that this version does not know", () => {
  const text = '{"nodebook": 1, "nodes": {"1": {"type": "A", "later": {"x": 1}}}}';
  const clip = readClipText(text, library)?.clip as Clip;
  const ops = pasteOps(clip, graph, { newIds: ["30"], shift: NO_SHIFT, newSubgraphId: () => "fresh" });
  expect(ops[0]).toMatchObject({ op: "add_node", id: "30", node: { type: "A", later: { x: 1 } } });
});

const WITH_SUBGRAPHS: GraphDocument = {
  nodebook: 1,
  nodes: { "1": { type: "subgraph:outer" }, "2": { type: "ImageBlur", view: { x: 400, y: 0 } } },
  subgraphs: {
    outer: {
      name: "Outer",
      nodes: { "1": { type: "SubgraphInputs" }, "2": { type: "subgraph:inner" }, "3": { type: "SubgraphOutputs" } },
    },
    inner: { name: "Inner", nodes: { "1": { type: "KSampler" } } },
    other: { name: "Other", nodes: {} },
  },
};

test("what instances are instances of comes along, at any depth", () => {
  const clip = copyNodes(WITH_SUBGRAPHS, ["1"]);
  expect(Object.keys(clip.subgraphs ?? {}).sort()).toEqual(["inner", "outer"]);
  expect(readClipText(clipText(clip), library)?.clip).toEqual(clip);
  const after = pasted(clip, { nodebook: 1, nodes: {} }, ["9"]);
  expect(after.nodes["9"]?.type).toBe("subgraph:outer");
  expect(after.subgraphs?.inner).toEqual(WITH_SUBGRAPHS.subgraphs?.inner);
  // In its own document nothing is added.
  expect(pasted(clip, WITH_SUBGRAPHS, ["9"]).subgraphs).toBe(WITH_SUBGRAPHS.subgraphs);
});

test("another definition under the same id stays; what is made of it follows", () => {
  const clip = copyNodes(WITH_SUBGRAPHS, ["1"]);
  const there: GraphDocument = {
    nodebook: 1,
    nodes: {},
    subgraphs: { inner: { name: "Not the same", nodes: {} }, outer: WITH_SUBGRAPHS.subgraphs?.outer as never },
  };
  let number = 0;
  const ops = pasteOps(clip, there, { newIds: ["9"], shift: NO_SHIFT, newSubgraphId: () => `new${++number}` });
  const applied = applyOps(there, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  const { nodes, subgraphs } = applied.document;
  expect(subgraphs?.inner?.name).toBe("Not the same");
  const outer = subgraphs?.[String(nodes["9"]?.type).slice("subgraph:".length)];
  expect(outer?.name).toBe("Outer");
  const inner = subgraphs?.[String(outer?.nodes["2"]?.type).slice("subgraph:".length)];
  expect(inner?.name).toBe("Inner");
});

test("the boundary of a subgraph stays where it is", () => {
  const inside: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "SubgraphInputs" }, "2": { type: "ImageBlur", links: { image: ["1", "image"] } } },
  };
  const clip = copyNodes(inside, ["1", "2"]);
  expect(Object.keys(clip.nodes)).toEqual(["2"]);
  expect(clip.outside).toEqual({});
});

test("a frame comes along where everything in it does", () => {
  const box = (x: number) => ({ x, y: 0, width: 100, height: 100 });
  const document: GraphDocument = {
    ...WITH_SUBGRAPHS,
    groups: {
      "1": { title: "Left", x: -50, y: -50, width: 300, height: 300 },
      "4": { title: "Empty", x: 5000, y: 0, width: 300, height: 300 },
    },
  };
  const boxes = new Map([
    ["1", box(0)],
    ["2", box(120)],
  ]);
  expect(copyNodes(document, ["1"], boxes).groups).toBeUndefined();
  const clip = copyNodes(document, ["1", "2"], boxes);
  expect(Object.keys(clip.groups ?? {})).toEqual(["1"]);
  expect(readClipText(clipText(clip), library)?.clip.groups).toEqual(clip.groups);
  const after = pasted(clip, document, ["8", "9"]);
  expect(after.groups?.["2"]).toEqual({ title: "Left", x: -40, y: -30, width: 300, height: 300 });
  const two = { ...clip, groups: { "1": { title: "A", x: 0, y: 0 }, "2": { title: "B", x: 0, y: 0 } } };
  const titles = Object.values(pasted(two, document, ["8", "9"]).groups ?? {}).map((group) => group.title);
  expect(titles.sort()).toEqual(["A", "B", "Empty", "Left"]);
});
