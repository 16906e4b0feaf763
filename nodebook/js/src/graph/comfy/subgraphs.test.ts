import { expect, test } from "vitest";
import { SAMPLE_LIBRARY as library } from "../../../dev/library";
import { readClipText } from "../../sync/clipText";
import { pasteOps } from "../clip";
import type { GraphDocument } from "../document";
import { applyOps } from "../edits";
import { writeJson } from "../json";
import { flatten } from "./flatten";
import { writeWorkflow } from "./writeWorkflow";

const SOFTEN = "0f6f3d3c-0000-4000-8000-000000000001";
const TWICE = "0f6f3d3c-0000-4000-8000-000000000002";
const port = (name: string, type: string) => ({ id: name, name, type, linkIds: [] });

const inner = {
  id: SOFTEN,
  name: "Soften",
  description: "Blurs.",
  inputNode: { id: -10, bounding: [-200, 5, 100, 60] },
  outputNode: { id: -20, bounding: [400, 5, 100, 60] },
  inputs: [port("picture", "IMAGE"), { ...port("sigma", "FLOAT"), label: "How soft" }],
  outputs: [port("IMAGE", "IMAGE")],
  nodes: [
    {
      id: 3,
      type: "ImageBlur",
      inputs: [
        { name: "image", type: "IMAGE", link: 1 },
        { name: "sigma", type: "FLOAT", link: 3, widget: { name: "sigma" } },
      ],
      widgets_values: [2, 1.5],
    },
  ],
  links: [
    { id: 1, origin_id: -10, origin_slot: 0, target_id: 3, target_slot: 0, type: "IMAGE" },
    { id: 2, origin_id: 3, origin_slot: 0, target_id: -20, target_slot: 0, type: "IMAGE" },
    { id: 3, origin_id: -10, origin_slot: 1, target_id: 3, target_slot: 1, type: "FLOAT" },
  ],
};
const instance = (id: number, type: string, link: number | null) => ({
  id,
  type,
  inputs: [
    { name: "picture", type: "IMAGE", link },
    { name: "sigma", type: "FLOAT", link: null, widget: { name: "sigma" } },
  ],
  outputs: [{ name: "IMAGE", type: "IMAGE", links: [] }],
  widgets_values: [4.5],
});
const outer = {
  ...inner,
  id: TWICE,
  name: "Twice",
  description: "",
  nodes: [instance(7, SOFTEN, 1)],
  links: [
    { id: 1, origin_id: -10, origin_slot: 0, target_id: 7, target_slot: 0, type: "IMAGE" },
    { id: 2, origin_id: 7, origin_slot: 0, target_id: -20, target_slot: 0, type: "IMAGE" },
  ],
  definitions: { subgraphs: [inner] },
};
const workflow = {
  nodes: [
    { id: 1, type: "LoadImage" },
    instance(2, TWICE, 1),
    { id: 3, type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE", link: 2 }] },
  ],
  links: [
    [1, 1, 0, 2, 0, "IMAGE"],
    [2, 2, 0, 3, 0, "IMAGE"],
  ],
  definitions: { subgraphs: [outer, { ...inner, id: "unused" }, { id: "broken" }, 7] },
  version: 0.4,
};

function pasted(): GraphDocument {
  const clip = readClipText(writeJson(workflow), library)?.clip;
  if (clip === undefined) throw new Error("not read");
  const empty: GraphDocument = { nodebook: 1, nodes: {} };
  const ops = pasteOps(clip, empty, { newIds: ["1", "2", "3"], shift: { x: 0, y: 0 }, newSubgraphId: () => "new" });
  const applied = applyOps(empty, ops);
  if (applied.refused !== undefined) throw new Error(applied.refused);
  return applied.document;
}

test("definitions become subgraphs, instances become instances", () => {
  const { nodes, subgraphs } = pasted();
  expect(nodes["2"]).toMatchObject({
    type: `subgraph:${TWICE}`,
    values: { sigma: 4.5 },
    links: { picture: ["1", "IMAGE"] },
  });
  expect(nodes["3"]?.links).toEqual({ images: ["2", "IMAGE"] });
  expect(Object.keys(subgraphs ?? {}).sort()).toEqual([SOFTEN, TWICE]);
  expect(subgraphs?.[SOFTEN]).toMatchObject({
    name: "Soften",
    doc: "Blurs.",
    inputs: [
      { name: "picture", type: "IMAGE" },
      { name: "sigma", type: "FLOAT", label: "How soft" },
    ],
    outputs: [{ name: "IMAGE", type: "IMAGE" }],
    nodes: {
      "3": {
        type: "ImageBlur",
        values: { blur_radius: 2, sigma: 1.5 },
        links: { image: ["-10", "picture"], sigma: ["-10", "sigma"] },
      },
      "-10": { type: "SubgraphInputs", view: { x: -200, y: 5 } },
      "-20": { type: "SubgraphOutputs", links: { IMAGE: ["3", "IMAGE"] } },
    },
  });
  expect(subgraphs?.[TWICE]?.nodes["7"]).toMatchObject({ type: `subgraph:${SOFTEN}`, values: { sigma: 4.5 } });
});

test("each output of a definition has its own link", () => {
  const two = {
    ...inner,
    outputs: [port("first", "IMAGE"), port("second", "MASK")],
    nodes: [{ id: 3, type: "LoadImage" }],
    links: [
      { id: 1, origin_id: 3, origin_slot: 1, target_id: -20, target_slot: 1, type: "MASK" },
      { id: 2, origin_id: 3, origin_slot: 0, target_id: -20, target_slot: 0, type: "IMAGE" },
    ],
  };
  const data = { nodes: [{ id: 1, type: SOFTEN }], definitions: { subgraphs: [two] } };
  const clip = readClipText(writeJson(data), library)?.clip;
  expect(clip?.subgraphs?.[SOFTEN]?.nodes["-20"]?.links).toEqual({ first: ["3", "IMAGE"], second: ["3", "MASK"] });
});

test("they are written flat", () => {
  const flat = flatten(pasted(), ["1", "2", "3"]);
  expect(flat.ids).toEqual(["1", "2:7:3", "3"]);
  const written = writeWorkflow(flat.document, library, flat.ids) as { nodes: { type: string }[]; links: unknown[] };
  expect(written.nodes.map((node) => node.type)).toEqual(["LoadImage", "ImageBlur", "PreviewImage"]);
  expect(written.links).toEqual([
    [1, 1, 0, 2, 0, "IMAGE"],
    [2, 2, 0, 3, 0, "IMAGE"],
  ]);
  expect(written.nodes[1]).toMatchObject({ widgets_values: [2, 4.5] });
});

test("a subgraph that contains itself is written, not for ever", () => {
  const endless: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "subgraph:a" } },
    subgraphs: { a: { nodes: { "1": { type: "subgraph:a" } } } },
  };
  expect(flatten(endless, ["1"]).ids).toHaveLength(1);
});
