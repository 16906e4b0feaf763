/** A library like the kernel's, small, for the harness and the tests. */
import type { InputInfo, Library, NodeTypeInfo, OutputInfo, Widget } from "../src/graph/library";

function input(name: string, type: string, widget: Widget | null = null, more: Partial<InputInfo> = {}): InputInfo {
  return { name, type, required: widget === null, widget, doc: "", ...more };
}

function number(name: string, fallback: number, min: number, max: number | bigint, more: object = {}): InputInfo {
  const widget: Widget = { kind: "number", min, max, step: 1, integer: true, display: "number", ...more };
  return input(name, widget.kind === "number" && widget.integer ? "INT" : "FLOAT", widget, { default: fallback });
}

function choice(name: string, options: readonly string[]): InputInfo {
  return input(name, "COMBO", { kind: "choice", options }, { default: options[0] ?? null });
}

const IMAGE: OutputInfo = { name: "IMAGE", type: "IMAGE", doc: "The picture." };
const MASK: OutputInfo = { name: "MASK", type: "MASK", doc: "" };

function type(
  name: string,
  title: string,
  category: string,
  description: string,
  inputs: InputInfo[],
  outputs: OutputInfo[] = [IMAGE],
): NodeTypeInfo {
  return {
    name,
    title,
    category,
    description,
    aliases: [],
    inputs,
    outputs,
    is_output: outputs.length === 0,
    origin: "builtin",
  };
}

const METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"];
const BLENDS = ["normal", "multiply", "screen", "overlay", "soft_light", "difference"];
const SAMPLERS = ["euler", "euler_ancestral", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "ddim", "uni_pc", "lcm"];
const BIG_SEED = 18446744073709551615n;
const HALF = { integer: false, step: 0.1 };
const SHARE = { integer: false, step: 0.01, display: "slider" };

const TYPES: NodeTypeInfo[] = [
  type(
    "LoadImage",
    "Load Image",
    "image",
    "Open a picture of the input folder.",
    [input("image", "STRING", { kind: "picture", options: ["astronaut.png", "coffee.png", "rocket.jpg"] })],
    [IMAGE, MASK],
  ),
  type("ImageScale", "Upscale Image", "image/transform", "Scale a picture to a width and a height.", [
    input("image", "IMAGE"),
    choice("upscale_method", METHODS),
    number("width", 512, 0, 16384),
    number("height", 512, 0, 16384),
    choice("crop", ["disabled", "center"]),
  ]),
  type("ImageBlur", "Blur Image", "image/filter", "Blur a picture with a Gaussian.", [
    input("image", "IMAGE"),
    number("blur_radius", 1, 1, 31),
    number("sigma", 1, 0.1, 10, { ...HALF, display: "slider" }),
  ]),
  type("ImageSharpen", "Sharpen Image", "image/filter", "Sharpen a picture with an unsharp mask.", [
    input("image", "IMAGE"),
    number("sharpen_radius", 1, 1, 31),
    number("sigma", 1, 0.1, 10, HALF),
    number("alpha", 1, 0, 5, { integer: false, step: 0.01 }),
  ]),
  type("ImageBlend", "Blend Images", "image/compositing", "Mix two pictures.", [
    input("image1", "IMAGE"),
    input("image2", "IMAGE"),
    number("blend_factor", 0.5, 0, 1, SHARE),
    choice("blend_mode", BLENDS),
  ]),
  type("EmptyImage", "Empty Image", "image", "A picture of one colour.", [
    number("width", 512, 1, 16384),
    number("height", 512, 1, 16384),
    input("color", "INT", { kind: "color", format: "int" }, { default: 0x3366aa }),
  ]),
  type(
    "SolidMask",
    "Solid Mask",
    "mask",
    "A mask of one value.",
    [number("value", 1, 0, 1, SHARE), number("width", 512, 1, 16384), number("height", 512, 1, 16384)],
    [MASK],
  ),
  type(
    "FeatherMask",
    "Feather Mask",
    "mask",
    "Soften the edges of a mask.",
    [input("mask", "MASK"), ...["left", "top", "right", "bottom"].map((side) => number(side, 0, 0, 16384))],
    [MASK],
  ),
  type("ImageCompositeMasked", "Composite Masked", "image/compositing", "Put one picture on another.", [
    input("destination", "IMAGE"),
    input("source", "IMAGE"),
    number("x", 0, 0, 16384),
    number("y", 0, 0, 16384),
    input("resize_source", "BOOLEAN", { kind: "toggle", on: null, off: null }, { default: false }),
    input("mask", "MASK", null, { required: false }),
  ]),
  type("PreviewImage", "Preview Image", "image", "Show pictures without saving them.", [input("images", "IMAGE")], []),
  type(
    "CheckpointLoaderSimple",
    "Load Checkpoint",
    "loaders",
    "Load a diffusion model.",
    [choice("ckpt_name", ["nodebook-demo.safetensors", "sd_xl_base_1.0.safetensors"])],
    ["MODEL", "CLIP", "VAE"].map((name) => ({ name, type: name })),
  ),
  type(
    "CLIPTextEncode",
    "Encode Text",
    "conditioning",
    "Turn a prompt into conditioning.",
    [
      input(
        "text",
        "STRING",
        { kind: "text", multiline: true, placeholder: "What the picture shows", complete: ["embeddings", "loras"] },
        { default: "" },
      ),
      input("clip", "CLIP"),
    ],
    [{ name: "CONDITIONING", type: "CONDITIONING" }],
  ),
  type(
    "EmptyLatentImage",
    "Empty Latent Image",
    "latent",
    "A latent to start from.",
    [
      number("width", 512, 16, 16384, { step: 8 }),
      number("height", 512, 16, 16384, { step: 8 }),
      number("batch_size", 1, 1, 4096),
    ],
    [{ name: "LATENT", type: "LATENT" }],
  ),
  type(
    "KSampler",
    "Sample",
    "sampling",
    "Remove noise from a latent, step by step.",
    [
      input("model", "MODEL"),
      number("seed", 0, 0, BIG_SEED, { seed: true }),
      number("steps", 20, 1, 10000),
      number("cfg", 8, 0, 100, HALF),
      choice("sampler_name", SAMPLERS),
      choice("scheduler", ["normal", "karras", "simple", "beta"]),
      input("positive", "CONDITIONING"),
      input("negative", "CONDITIONING"),
      input("latent_image", "LATENT"),
      number("denoise", 1, 0, 1, SHARE),
    ],
    [{ name: "LATENT", type: "LATENT" }],
  ),
  type("VAEDecode", "Decode Latent", "latent", "Turn a latent into a picture.", [
    input("samples", "LATENT"),
    input("vae", "VAE"),
  ]),
  type(
    "SaveImage",
    "Save Image",
    "image",
    "Save pictures to the output folder.",
    [
      input("images", "IMAGE"),
      input("filename_prefix", "STRING", { kind: "text", multiline: false, placeholder: "" }, { default: "nodebook" }),
    ],
    [],
  ),
  type(
    "Note",
    "Note",
    "notes",
    "Text on the canvas.",
    [input("text", "STRING", { kind: "text", multiline: true, placeholder: "" }, { default: "" })],
    [],
  ),
  type("tint", "Tint", "notebook", "Mix the picture with orange.", [
    input("picture", "IMAGE"),
    number("amount", 0.5, 0, 1, SHARE),
    input("color", "STRING", { kind: "color", format: "hex" }, { default: "#ff8800" }),
    input("label", "STRING", { kind: "text", multiline: false, placeholder: "optional" }, { default: "" }),
  ]),
];

/** Of `?graph=shows`. */
const SHOW_TYPES: NodeTypeInfo[] = [
  type("ImageCurves", "Adjust Curves", "image", "Tones by a curve.", [
    input("image", "IMAGE"),
    input(
      "curve",
      "CURVE",
      { kind: "curve" },
      {
        default: [
          [0, 0],
          [1, 1],
        ],
      },
    ),
    input("ink", "STRING", { kind: "color", format: "hex", alpha: true }, { default: "#ff8800cc" }),
  ]),
  type(
    "ImageCompare",
    "Compare Images",
    "image",
    "A slider between two pictures.",
    [input("image_a", "IMAGE", null, { required: false }), input("image_b", "IMAGE", null, { required: false })],
    [],
  ),
  type("frame", "Frame", "notebook", "A data frame.", [], [{ name: "DataFrame", type: "pandas.DataFrame" }]),
  type("sound", "Sound", "notebook", "A sound.", [], [{ name: "AUDIO", type: "AUDIO" }]),
  type("PreviewAny", "Preview as Text", "utils", "Show any value.", [input("source", "*")], []),
];

export const SAMPLE_LIBRARY: Library = {
  revision: 1,
  types: Object.fromEntries(TYPES.map((one) => [one.name, one])),
  adapters: [
    ["IMAGE", "ARRAY"],
    ["ARRAY", "IMAGE"],
  ],
  completions: {
    embeddings: ["bad-hands.pt", "easynegative.safetensors", "style/oil-on-canvas.safetensors"],
    loras: ["nodebook-demo-outline.safetensors"],
  },
};

export const SHOWS_LIBRARY: Library = {
  ...SAMPLE_LIBRARY,
  types: { ...SAMPLE_LIBRARY.types, ...Object.fromEntries(SHOW_TYPES.map((one) => [one.name, one])) },
};
