import { describe, expect, test } from "vitest";
import { sampleGraph } from "../../../dev/graphs";
import { SAMPLE_LIBRARY as library } from "../../../dev/library";
import { readClipText } from "../../sync/clipText";
import type { GraphDocument, GraphNode } from "../document";
import { writeJson } from "../json";
import type { NodeTypeInfo } from "../library";
import { writeWorkflow } from "./writeWorkflow";

const graph = sampleGraph("text");
const read = (data: unknown) => readClipText(writeJson(data), library);
const nodesOf = (data: unknown) => read(data)?.clip.nodes as Record<string, GraphNode>;

describe("a workflow", () => {
  test("written and read again is the same graph", () => {
    const nodes = nodesOf(writeWorkflow(graph, library, Object.keys(graph.nodes)));
    const expected = structuredClone(graph.nodes) as Record<string, GraphNode>;
    for (const [id, node] of Object.entries(nodes)) {
      expect(node.type).toBe(expected[id]?.type);
      expect(node.title).toBe(expected[id]?.title);
      expect(node.links ?? {}).toEqual(expected[id]?.links ?? {});
      expect(node.values).toMatchObject(expected[id]?.values ?? {});
      expect(node.view).toMatchObject(expected[id]?.view ?? {});
    }
    expect(Object.keys(nodes)).toEqual(Object.keys(expected));
    expect(nodes["5"]?.values).toMatchObject({ seed: 18446744073709551615n, steps: 20, denoise: 1 });
  });

  test("is written as the format wants it", () => {
    const written = writeWorkflow(graph, library, ["4", "5"]) as { nodes: Record<string, unknown>[]; links: unknown[] };
    expect(written.links).toEqual([[1, 1, 0, 2, 8, "LATENT"]]);
    expect(written.nodes[1]).toMatchObject({
      id: 2,
      type: "KSampler",
      pos: [600, 0],
      mode: 0,
      widgets_values: [18446744073709551615n, "fixed", 20, 7.5, "euler", "normal", 1],
    });
    expect(written.nodes[1]?.inputs).toContainEqual({ name: "latent_image", type: "LATENT", link: 1 });
    expect(written.nodes[0]?.outputs).toEqual([{ name: "LATENT", type: "LATENT", links: [1] }]);
  });

  test("mute, bypass and folded cards both ways", () => {
    const document: GraphDocument = {
      nodebook: 1,
      nodes: {
        "1": { type: "ImageBlur", mode: "mute" },
        "2": { type: "ImageBlur", mode: "bypass", view: { collapsed: true } },
      },
    };
    const nodes = nodesOf(writeWorkflow(document, library, ["1", "2"]));
    expect(nodes["1"]?.mode).toBe("mute");
    expect(nodes["2"]).toMatchObject({ mode: "bypass", view: { collapsed: true } });
  });

  test("objects for links, ids as text, positions as objects", () => {
    const nodes = nodesOf({
      nodes: [
        { id: "a", type: "LoadImage", pos: { 0: 1, 1: 2 }, widgets_values: ["x.png", "image"] },
        { id: 7, type: "ImageBlur", inputs: [{ name: "image", type: ["IMAGE"], link: 3 }], widgets_values: [5, 2.5] },
      ],
      links: [{ id: 3, origin_id: "a", origin_slot: "0", target_id: 7, target_slot: 0, type: "IMAGE" }],
    });
    expect(nodes.a).toMatchObject({ values: { image: "x.png" }, view: { x: 1, y: 2 } });
    expect(nodes["7"]).toMatchObject({
      links: { image: ["a", "IMAGE"] },
      values: { blur_radius: 5, sigma: 2.5 },
    });
  });

  test("reroutes and primitives are resolved, notes are notes", () => {
    const nodes = nodesOf({
      nodes: [
        { id: 1, type: "LoadImage" },
        { id: 2, type: "Reroute", inputs: [{ name: "", type: "*", link: 1 }] },
        { id: 3, type: "PrimitiveNode", widgets_values: [9, "fixed"] },
        {
          id: 4,
          type: "ImageBlur",
          inputs: [
            { name: "image", type: "IMAGE", link: 2 },
            { name: "blur_radius", type: "INT", link: 3, widget: { name: "blur_radius" } },
          ],
          widgets_values: [1, 1],
        },
        { id: 5, type: "MarkdownNote", widgets_values: ["# Hello"] },
      ],
      links: [
        [1, 1, 0, 2, 0, "IMAGE"],
        [2, 2, 0, 4, 0, "IMAGE"],
        [3, 3, 0, 4, 1, "INT"],
      ],
    });
    expect(Object.keys(nodes)).toEqual(["1", "4", "5"]);
    expect(nodes["4"]).toMatchObject({ links: { image: ["1", "IMAGE"] }, values: { blur_radius: 9, sigma: 1 } });
    expect(nodes["5"]).toMatchObject({ type: "Note", values: { text: "# Hello" } });
  });

  test("a reroute stays where the library has one; frames are groups", () => {
    const reroute = { name: "Reroute", title: "Reroute", category: "utils" };
    const value = { name: "value", type: "*" };
    const type = { ...reroute, inputs: [{ ...value, widget: null }], outputs: [value] } satisfies NodeTypeInfo;
    const withReroute = { ...library, types: { ...library.types, Reroute: type } };
    const document: GraphDocument = {
      nodebook: 1,
      nodes: {
        "1": { type: "LoadImage" },
        "2": { type: "Reroute", links: { value: ["1", "MASK"] } },
        "3": { type: "FeatherMask", links: { mask: ["2", "value"] } },
      },
    };
    const groups = { "7": { title: "Mine", color: "#335577", x: 1, y: 2, width: 300, height: 400 } };
    const written = writeWorkflow(document, withReroute, ["1", "2", "3"], groups) as { links: unknown[] };
    expect(written.links).toEqual([
      [1, 1, 1, 2, 0, "MASK"],
      [2, 2, 0, 3, 0, "MASK"],
    ]);
    const clip = readClipText(writeJson(written), withReroute)?.clip;
    expect(clip?.nodes["2"]).toMatchObject({ type: "Reroute", links: { value: ["1", "MASK"] } });
    expect(clip?.nodes["3"]?.links).toEqual({ mask: ["2", "value"] });
    expect(clip?.groups).toEqual({ "1": groups["7"] });
  });

  test("values are read with and without the slots that ComfyUI's editor adds; of another number they are kept", () => {
    const values = (widgets_values: unknown[]) =>
      nodesOf({ nodes: [{ id: 1, type: "KSampler", widgets_values }] })["1"]?.values;
    const expected = { seed: 5, steps: 20, cfg: 8, sampler_name: "euler", scheduler: "normal", denoise: 1 };
    expect(values([5, "randomize", 20, 8, "euler", "normal", 1])).toEqual(expected);
    expect(values([5, 20, 8, "euler", "normal", 1])).toEqual(expected);
    expect(values([5, 20])).toEqual({ widgets_values: [5, 20] });
  });

  test("a reroute in a circle leads nowhere", () => {
    const nodes = nodesOf({
      nodes: [
        { id: 2, type: "Reroute", inputs: [{ name: "", type: "*", link: 1 }] },
        { id: 4, type: "ImageBlur", inputs: [{ name: "image", type: "IMAGE", link: 2 }] },
      ],
      links: [
        [1, 2, 0, 2, 0, "IMAGE"],
        [2, 2, 0, 4, 0, "IMAGE"],
      ],
    });
    expect(nodes["4"]?.links).toEqual({});
  });

  test("unknown types keep their values, by name where the file has names, and go out again", () => {
    const unknown = {
      id: 1,
      type: "Fancy",
      inputs: [{ name: "size", type: "INT", link: null, widget: { name: "size" } }],
      outputs: [{ name: "PICTURE", type: "IMAGE", links: [1] }],
      widgets_values: [12],
    };
    const bare = { id: 2, type: "Bare", inputs: [{ name: "x", type: "IMAGE", link: 1 }], widgets_values: [1, "a"] };
    const nodes = nodesOf({ nodes: [unknown, bare], links: [[1, 1, 0, 2, 0, "IMAGE"]] });
    expect(nodes["1"]?.values).toEqual({ size: 12 });
    expect(nodes["2"]).toMatchObject({ values: { widgets_values: [1, "a"] }, links: { x: ["1", "PICTURE"] } });
    const written = writeWorkflow({ nodebook: 1, nodes }, library, ["1", "2"]) as { nodes: object[] };
    expect(written.nodes).toMatchObject([{ widgets_values: { size: 12 } }, { widgets_values: [1, "a"] }]);
    const again = nodesOf(writeWorkflow({ nodebook: 1, nodes }, library, ["1", "2"]));
    expect(again["2"]?.values).toEqual({ widgets_values: [1, "a"] });
    expect(again["2"]?.links).toEqual({ x: ["1", "PICTURE"] });
  });
});

test("an API prompt becomes nodes with links by name", () => {
  const nodes = nodesOf({
    "3": {
      class_type: "KSampler",
      inputs: { seed: 18446744073709551615n, model: ["4", 0], sizes: { __value__: [1, 2] }, odd: ["nobody", 0] },
      _meta: { title: "Second pass" },
    },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "a.safetensors" } },
  });
  expect(nodes["3"]).toEqual({
    type: "KSampler",
    title: "Second pass",
    values: { seed: 18446744073709551615n, sizes: [1, 2], odd: ["nobody", 0] },
    links: { model: ["4", "MODEL"] },
  });
  expect(read({ prompt: { "1": { class_type: "LoadImage" } } })?.from).toBe("ComfyUI");
});
