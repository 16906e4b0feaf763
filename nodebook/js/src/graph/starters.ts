/** Three small graphs to begin with, offered on an empty canvas. */
import type { Value } from "./document";
import type { Op } from "./edits";
import { findType, initialValues, type Library } from "./library";

interface StarterNode {
  readonly type: string;
  readonly at: readonly [number, number];
  readonly values?: Readonly<Record<string, Value>>;
  /** Input name → index of the source node in the starter, and its output. */
  readonly links?: Readonly<Record<string, readonly [number, string]>>;
}

export interface Starter {
  readonly title: string;
  readonly description: string;
  readonly nodes: readonly StarterNode[];
}

const COLUMN = 300;

export const STARTERS: readonly Starter[] = [
  {
    title: "Make a picture from words",
    description: "With the small model that comes along",
    nodes: [
      { type: "CheckpointLoaderSimple", at: [0, 0], values: { ckpt_name: "nodebook-demo.safetensors" } },
      {
        type: "CLIPTextEncode",
        at: [COLUMN, 0],
        values: { text: "a red circle on a blue background" },
        links: { clip: [0, "CLIP"] },
      },
      { type: "CLIPTextEncode", at: [COLUMN, 200], values: { text: "" }, links: { clip: [0, "CLIP"] } },
      { type: "EmptyLatentImage", at: [COLUMN, 400], values: { width: 128, height: 128 } },
      {
        type: "KSampler",
        at: [2 * COLUMN, 0],
        values: { seed: 1, steps: 20, cfg: 5, sampler_name: "dpmpp_2m", scheduler: "karras" },
        links: {
          model: [0, "MODEL"],
          positive: [1, "CONDITIONING"],
          negative: [2, "CONDITIONING"],
          latent_image: [3, "LATENT"],
        },
      },
      { type: "VAEDecode", at: [3 * COLUMN, 0], links: { samples: [4, "LATENT"], vae: [0, "VAE"] } },
      { type: "PreviewImage", at: [4 * COLUMN, 0], links: { images: [5, "IMAGE"] } },
    ],
  },
  {
    title: "Open and adjust a picture",
    description: "Load, scale, sharpen, look",
    nodes: [
      { type: "LoadImage", at: [0, 0] },
      {
        type: "ImageScale",
        at: [COLUMN, 0],
        values: { width: 768, height: 512 },
        links: { image: [0, "IMAGE"] },
      },
      { type: "ImageSharpen", at: [2 * COLUMN, 0], links: { image: [1, "IMAGE"] } },
      { type: "PreviewImage", at: [3 * COLUMN, 0], links: { images: [2, "IMAGE"] } },
    ],
  },
  {
    title: "Mask and composite",
    description: "Put one picture on another through a mask",
    nodes: [
      { type: "LoadImage", at: [0, 0] },
      { type: "LoadImage", at: [0, 360] },
      { type: "SolidMask", at: [COLUMN, 320], values: { value: 1, width: 256, height: 256 } },
      {
        type: "FeatherMask",
        at: [COLUMN, 520],
        values: { left: 48, top: 48, right: 48, bottom: 48 },
        links: { mask: [2, "MASK"] },
      },
      {
        type: "ImageCompositeMasked",
        at: [2 * COLUMN, 120],
        links: { destination: [0, "IMAGE"], source: [1, "IMAGE"], mask: [3, "MASK"] },
      },
      { type: "PreviewImage", at: [3 * COLUMN, 120], links: { images: [4, "IMAGE"] } },
    ],
  },
];

/** The starters all of whose node types, inputs and outputs the library has. */
export function offeredStarters(library: Library): Starter[] {
  return STARTERS.filter((starter) => starter.nodes.every((node) => isOffered(library, starter, node)));
}

function isOffered(library: Library, starter: Starter, node: StarterNode): boolean {
  const type = findType(library, node.type);
  if (type === undefined) return false;
  return Object.entries(node.links ?? {}).every(([input, [source, output]]) => {
    const from = findType(library, starter.nodes[source]?.type ?? "");
    return type.inputs.some((port) => port.name === input) && from?.outputs.some((port) => port.name === output);
  });
}

/** The operations that add a starter; `ids` pairs with its nodes. Values of inputs that the type lacks are left out. */
export function starterOps(library: Library, starter: Starter, ids: readonly string[]): Op[] {
  return starter.nodes.map((node, index) => {
    const type = findType(library, node.type);
    const has = (name: string) => type?.inputs.some((input) => input.name === name) ?? false;
    const given = Object.entries(node.values ?? {}).filter(([name]) => has(name));
    const values = { ...(type ? initialValues(type) : {}), ...Object.fromEntries(given) };
    const links = Object.entries(node.links ?? {}).map(
      ([input, [source, output]]) => [input, [ids[source] as string, output] as const] as const,
    );
    return {
      op: "add_node",
      id: ids[index] as string,
      node: {
        type: node.type,
        values,
        links: Object.fromEntries(links),
        view: { x: node.at[0], y: node.at[1] },
      },
    };
  });
}
