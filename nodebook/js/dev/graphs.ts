/** Graphs to look at: `?graph=text`, `all`, `empty` or a number of nodes. */
import type { GraphDocument, GraphNode, Link } from "../src/graph/document";

const at = (x: number, y: number) => ({ x, y });

const TEXT_TO_IMAGE: GraphDocument = {
  nodebook: 1,
  name: "portrait",
  nodes: {
    "1": { type: "CheckpointLoaderSimple", view: at(0, 0) },
    "2": {
      type: "CLIPTextEncode",
      title: "What I want",
      values: { text: "a red circle on a blue background, soft light, high detail" },
      links: { clip: ["1", "CLIP"] },
      view: at(300, 0),
    },
    "3": {
      type: "CLIPTextEncode",
      title: "What I do not want",
      values: { text: "blurry" },
      links: { clip: ["1", "CLIP"] },
      view: at(300, 190),
    },
    "4": { type: "EmptyLatentImage", view: at(300, 380) },
    "5": {
      type: "KSampler",
      values: { seed: 18446744073709551615n, steps: 20, cfg: 7.5 },
      links: {
        model: ["1", "MODEL"],
        positive: ["2", "CONDITIONING"],
        negative: ["3", "CONDITIONING"],
        latent_image: ["4", "LATENT"],
      },
      view: at(600, 0),
    },
    "6": { type: "VAEDecode", links: { samples: ["5", "LATENT"], vae: ["1", "VAE"] }, view: at(900, 0) },
    "7": { type: "SaveImage", links: { images: ["6", "IMAGE"] }, view: at(1180, 0) },
    "8": { type: "Note", values: { text: "Lower cfg for softer pictures." }, view: at(0, 200) },
  },
};

const ALL_KINDS: GraphDocument = {
  nodebook: 1,
  name: "all",
  nodes: {
    "1": { type: "LoadImage", values: { image: "astronaut.png" }, view: at(0, 0) },
    "2": {
      type: "ImageBlur",
      title: "Fail",
      values: { blur_radius: 31, sigma: 2.5 },
      links: { image: ["1", "IMAGE"] },
      view: at(300, 0),
    },
    "3": { type: "ImageSharpen", links: { image: ["1", "IMAGE"] }, view: at(300, 200) },
    "4": { type: "ImageBlend", links: { image1: ["2", "IMAGE"], image2: ["3", "IMAGE"] }, view: at(600, 0) },
    "5": { type: "PreviewImage", links: { images: ["3", "IMAGE"] }, view: at(600, 200) },
    "6": { type: "tint", values: { label: "warm" }, view: at(900, 0) },
    "7": {
      type: "FancyUpscaler",
      values: { model: "4x_foo.pth", tiles: 8 },
      links: { image: ["3", "IMAGE"] },
      view: at(900, 230),
    },
    "8": { type: "ImageCompositeMasked", links: { destination: ["7", "IMAGE"] }, view: at(1180, 200) },
    "9": { type: "EmptyImage", view: at(1180, 0) },
    "10": { type: "ImageScale", links: { image: ["1", "IMAGE"] }, view: { x: 0, y: 420, collapsed: true } },
    "11": { type: "Note", values: { text: "A note:\nthe blur fails on purpose." }, view: at(0, 480) },
    "12": { type: "ImageSharpen", links: { image: ["10", "IMAGE"], sigma: ["9", "IMAGE"] }, view: at(300, 600) },
  },
};

const SHOWS: GraphDocument = {
  nodebook: 1,
  name: "shows",
  nodes: {
    "1": { type: "LoadImage", values: { image: "astronaut.png" }, view: at(0, 0) },
    "2": { type: "ImageBlur", links: { image: ["1", "IMAGE"] }, view: at(0, 340) },
    "3": {
      type: "ImageCompare",
      links: { image_a: ["1", "IMAGE"], image_b: ["2", "IMAGE"] },
      view: { ...at(300, 0), width: 320 },
    },
    "4": { type: "frame", view: { ...at(680, 0), width: 320 } },
    "5": { type: "sound", view: at(680, 380) },
    "7": {
      type: "ImageCurves",
      values: {
        curve: [
          [0, 0],
          [0.25, 0.1],
          [0.7, 0.9],
          [1, 1],
        ],
      },
      links: { image: ["1", "IMAGE"] },
      view: at(1040, 0),
    },
    "6": { type: "PreviewAny", links: { source: ["5", "AUDIO"] }, view: at(300, 340) },
  },
};

function manyNodes(count: number): GraphDocument {
  const nodes: Record<string, GraphNode> = {};
  const columns = Math.ceil(Math.sqrt(count));
  for (let index = 0; index < count; index += 1) {
    const column = index % columns;
    const link: Record<string, Link> = column > 0 ? { image: [String(index), "IMAGE"] } : {};
    nodes[String(index + 1)] = {
      type: column === 0 ? "LoadImage" : column % 2 ? "ImageBlur" : "ImageScale",
      links: link,
      view: at(column * 300, Math.floor(index / columns) * 260),
    };
  }
  return { nodebook: 1, name: "many", nodes };
}

export function sampleGraph(name: string): GraphDocument {
  if (/^\d+$/.test(name)) return manyNodes(Number(name));
  if (name === "all") return ALL_KINDS;
  if (name === "shows") return SHOWS;
  return name === "text" ? TEXT_TO_IMAGE : { nodebook: 1, nodes: {} };
}
