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
  const applied = applyOps(document, pasteOps(clip, document, newIds, { x: 10, y: 20 }, keepOutside));
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
  const ops = pasteOps(clip, graph, ["30"], NO_SHIFT);
  expect(ops[0]).toMatchObject({ op: "add_node", id: "30", node: { type: "A", later: { x: 1 } } });
});
