/** Runs for show: nodes queue, progress, give pictures, fail when they are called "Fail". */
import { orderedIds } from "../src/graph/document";
import { findType } from "../src/graph/library";
import type { DisplayMessage, NodeStatus } from "../src/protocol";
import type { Cell } from "../src/state/displays";
import { writeLog } from "./desk";
import type { FakeKernel } from "./fakeKernel";

const STEPS = 12;
const STEP_MS = 40;
const BATCH = 21;
const FULL = 4;
let seq = 0;

export function installShow(kernel: FakeKernel): void {
  let running = 0;
  kernel.onCancel = () => {
    running += 1;
    const still = Object.entries(kernel.nodes).filter(([, node]) => ["running", "queued"].includes(node.state));
    const nodes = Object.fromEntries(still.map(([id]) => [id, { state: "cancelled" as const, progress: null }]));
    kernel.status({ ...kernel.run, state: "cancelled" }, nodes);
  };
  kernel.onMorePictures = async (_kernel, node, start) => {
    for (let index = start; index < Math.min(BATCH, start + 8); index += 1)
      await picture(kernel, node, "result", index, BATCH, index + Number(node));
  };
  kernel.onFullPicture = async (_kernel, { client: to, node, index, file = null }) => {
    const canvas = draw(index + Number(node), FULL);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    const size = { width: canvas.width, height: canvas.height };
    const message = {
      type: "full_picture",
      to,
      node,
      index,
      file,
      ...size,
      name: `picture ${index + 1}.png`,
      reason: null,
    } as const;
    kernel.publish(message, [new DataView(await blob.arrayBuffer())]);
  };
  kernel.onRun = () => {
    running += 1;
    const mine = running;
    void runAll(kernel, () => mine === running);
  };
}

async function runAll(kernel: FakeKernel, alive: () => boolean): Promise<void> {
  const ids = inOrder(kernel);
  const started = performance.now();
  const run = { id: "r1", state: "running" as const, total: ids.length, finished: 0, seconds: null, left: null };
  const clean: Partial<NodeStatus> = {
    state: "queued",
    progress: null,
    seconds: null,
    error: null,
    text: null,
    stale: false,
  };
  kernel.status(run, Object.fromEntries(ids.map((id) => [id, clean])));
  const failed = new Set<string>();
  for (const [index, id] of ids.entries()) {
    await runOne(kernel, id, failed, alive);
    if (!alive()) return;
    kernel.status({ ...run, finished: index + 1 }, {});
  }
  const seconds = (performance.now() - started) / 1000;
  kernel.status({ ...run, left: null, state: failed.size ? "failed" : "done", finished: ids.length, seconds }, {});
}

async function runOne(kernel: FakeKernel, id: string, failed: Set<string>, alive: () => boolean): Promise<void> {
  const node = kernel.document.nodes[id];
  if (node === undefined) return;
  if (Object.values(node.links ?? {}).some(([source]) => failed.has(source))) {
    failed.add(id);
    return kernel.status(null, { [id]: { state: "skipped" } });
  }
  if (node.type === "LoadImage") {
    kernel.status(null, { [id]: { state: "cached", seconds: 0.002 } });
    return picture(kernel, id, "result", 0, 1, Number(id));
  }
  const started = performance.now();
  for (let step = 1; step <= STEPS && alive(); step += 1) {
    const left = ((STEPS - step) * STEP_MS) / 1000;
    kernel.status(null, { [id]: { state: "running", progress: [step, STEPS], left: step > 1 ? left : null } });
    if (node.type === "KSampler" || node.type === "ImageSharpen") await picture(kernel, id, "preview", 0, 1, step);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  if (!alive()) return;
  if (node.title === "Fail") {
    failed.add(id);
    const input = findType(kernel.library, node.type)?.inputs.find((one) => one.widget)?.name ?? null;
    const traceback =
      'Traceback (most recent call last):\n  File "nodes/filter.py", line 42, in blur\n    kernel(sigma)\n  Cell In[3], line 7, in kernel\n    raise ValueError\nValueError: sigma is too large';
    const error = {
      message: "The radius must be smaller than half the picture: 31 > 16.",
      input,
      kind: "ValueError",
      traceback,
    };
    return kernel.status(null, { [id]: { state: "failed", progress: null, error } });
  }
  const seconds = (performance.now() - started) / 1000;
  const warnings =
    node.type === "ImageSharpen" ? ["The radius is larger than the picture is high: it was cut to 128."] : [];
  const lines = writeLog(
    kernel,
    id,
    ["out", `working on ${id}`],
    ...warnings.map((text) => ["warning", text] as const),
  );
  const bytes = 40_000 * Number(id) ** 3;
  kernel.status(null, { [id]: { state: "done", progress: null, left: null, seconds, bytes, warnings, lines } });
  showDisplays(kernel, id, node.type);
  const count =
    node.type === "PreviewImage" || node.type === "SaveImage" ? BATCH : node.type === "ImageCompare" ? 2 : 1;
  if (findType(kernel.library, node.type)?.outputs.some((output) => output.type === "IMAGE") || count > 1) {
    for (let index = 0; index < Math.min(8, count); index += 1)
      await picture(kernel, id, "result", index, count, index + Number(id));
  }
}

export async function picture(
  kernel: FakeKernel,
  node: string,
  kind: "preview" | "result",
  index: number,
  count: number,
  phase: number,
): Promise<void> {
  const canvas = draw(phase, 1);
  const blob = await canvas.convertToBlob({ type: "image/jpeg" });
  seq += 1;
  const size = { width: canvas.width * FULL, height: canvas.height * FULL };
  kernel.publish({ type: "picture", node, index, count, ...size, mime: "image/jpeg", seq, kind, result: 1 }, [
    new DataView(await blob.arrayBuffer()),
  ]);
}

/** A table, a sound, a text and compared pictures, on the nodes of `?graph=shows`. */
function showDisplays(kernel: FakeKernel, node: string, type: string): void {
  const publish = (displays: DisplayMessage["displays"], buffers: DataView[] = []) =>
    kernel.publish({ type: "display", node, displays }, buffers);
  if (type === "frame") {
    const rows = Array.from({ length: 200 }, (_, row): Cell[] => [
      row,
      Math.sin(row) * 10,
      row % 7 ? "even longer words" : null,
    ]);
    const columns: [string, string][] = [
      ["row", "int64"],
      ["value", "float64"],
      ["words", "object"],
    ];
    publish([{ kind: "table", columns, rows, total_rows: 12000, total_columns: 3, buffer: null }]);
  } else if (type === "sound") {
    const head = [0x52494646, 0x2c000000, 0x57415645, 0x666d7420, 0x10000000, 0x01000100, 0x401f0000, 0x803e0000];
    const words = [...head, 0x02001000, 0x64617461, 0x08000000, 0, 0];
    const wav = new DataView(new ArrayBuffer(words.length * 4));
    words.forEach((word, at) => {
      wav.setUint32(at * 4, word);
    });
    publish([{ kind: "audio", mime: "audio/wav", file: "sound.wav", buffer: 0 }], [wav]);
  } else if (type === "ImageCompare") {
    publish([{ kind: "compare", pairs: 1, buffer: null }]);
  } else if (type === "PreviewAny") {
    kernel.status(null, { [node]: { text: `The text of a node,\nof several lines.\n${"and more ".repeat(40)}` } });
  }
}

/** Stripes and a disc, as a small copy or as the whole picture. */
function draw(phase: number, scale: number): OffscreenCanvas {
  const width = 384;
  const height = 256;
  const canvas = new OffscreenCanvas(width * scale, height * scale);
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  context.scale(scale, scale);
  for (let x = 0; x < width; x += 8) {
    context.fillStyle = `hsl(${(x / 2 + phase * 24) % 360} 55% ${42 + 12 * Math.sin(x / 40 + phase)}%)`;
    context.fillRect(x, 0, 8, height);
  }
  context.fillStyle = "#ffffffcc";
  context.beginPath();
  context.arc(width / 2 + 60 * Math.sin(phase), height / 2, 48, 0, 7);
  context.fill();
  return canvas;
}

/** Sources before what follows them. */
function inOrder(kernel: FakeKernel): string[] {
  const order: string[] = [];
  const visit = (id: string) => {
    const node = kernel.document.nodes[id];
    if (order.includes(id) || node === undefined || node.type === "Note" || !findType(kernel.library, node.type))
      return;
    for (const [source] of Object.values(node.links ?? {})) if (source !== id) visit(source);
    if (!order.includes(id)) order.push(id);
  };
  for (const id of orderedIds(kernel.document)) visit(id);
  return order;
}
