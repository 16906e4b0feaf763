/** The benchmark's own side: the built bundle, on a kernel that lives in the page. */
import type { AnyWidget } from "@anywidget/types";
import { type GraphDocument, type GraphNode, positionOf } from "../../src/graph/document";
import type { Library } from "../../src/graph/library";
import type { ModelState } from "../../src/sync/session";
import { FakeKernel } from "../fakeKernel";
import { CARD_PX, gridOf, METHODS, middleOf, painted, publish, type Side, until } from "./page";

const LIBRARY: Library = {
  revision: 1,
  adapters: [],
  types: {
    Filter: {
      name: "Filter",
      title: "Filter",
      category: "bench",
      inputs: [
        { name: "image", type: "IMAGE", required: true, widget: null },
        {
          name: "width",
          type: "INT",
          default: 512,
          widget: { kind: "number", min: 0, max: 16384, step: 1, integer: true, display: "number" },
        },
        {
          name: "strength",
          type: "FLOAT",
          default: 0.5,
          widget: { kind: "number", min: 0, max: 1, step: 0.01, integer: false, display: "slider" },
        },
        { name: "method", type: "COMBO", default: METHODS[0] as string, widget: { kind: "choice", options: METHODS } },
        { name: "label", type: "STRING", default: "a label", widget: { kind: "text", multiline: false } },
      ],
      outputs: [{ name: "IMAGE", type: "IMAGE" }],
    },
  },
};

function documentOf(count: number): GraphDocument {
  const nodes: Record<string, GraphNode> = {};
  gridOf(count).forEach(({ x, y, source }, index) => {
    const links: GraphNode["links"] = source === null ? {} : { image: [String(source + 1), "IMAGE"] };
    nodes[String(index + 1)] = { type: "Filter", links, view: { x, y, width: CARD_PX } };
  });
  return { nodebook: 1, name: "bench", nodes };
}

const UNDRAWN_PX = 300; // of a canvas that nobody has drawn on yet
const INDEX = "/static/index.js";
const widget: AnyWidget<ModelState> = (await import(INDEX)).default;
const end = new AbortController();
let wireBytes = 0;
let kernel: FakeKernel;
let total = 0;

const $ = <T extends Element = HTMLElement>(selector: string) => document.querySelector<T>(selector);
const viewport = () => $(".react-flow__viewport")?.style.transform ?? "";

/** Whether the graph is there and was fitted: as cards, or drawn from far away. */
function isShown(): boolean {
  const cards = document.querySelectorAll("[data-node-id]").length;
  const far = $<HTMLCanvasElement>(".nb-overview");
  return zoomOf() !== 1 && ((far !== null && far.width !== UNDRAWN_PX) || cards > 0);
}

function zoomOf(): number {
  return new DOMMatrix(viewport()).a;
}

/** The wheel as React Flow reads it: by how much a distance multiplies the zoom. With Ctrl it needs no focus. */
function wheel(factor: number, at: { x: number; y: number }): void {
  const target = $(".react-flow__pane");
  const options = { deltaY: -Math.log2(factor) / 0.002, clientX: at.x, clientY: at.y, ctrlKey: true };
  target?.dispatchEvent(new WheelEvent("wheel", { ...options, bubbles: true, cancelable: true, view: window }));
}

const stage = () => ($(".nb-stage") as HTMLElement).getBoundingClientRect();

/** A place of the graph in the page. */
function toPage(x: number, y: number) {
  const box = stage();
  const at = new DOMMatrix(viewport()).transformPoint({ x, y });
  return { x: box.x + at.x, y: box.y + at.y };
}

function middleCard() {
  const { x, y } = positionOf(kernel.document.nodes[side.middleId()] as GraphNode);
  return toPage(x + CARD_PX / 2, y + 14);
}

/** Add a message's text to what went over the wire, either way. */
function weigh(message: unknown): void {
  wireBytes += new TextEncoder().encode(JSON.stringify(message)).length;
}

const side: Side & { kernel(): FakeKernel; endViews(): void; middleId(): string; wireBytes(): number } = {
  prepare(count) {
    kernel = new FakeKernel(documentOf(count), LIBRARY);
    const send = kernel.send.bind(kernel);
    kernel.send = (message, callbacks, buffers) => {
      weigh(message);
      send(message, callbacks, buffers);
    };
    kernel.on("msg:custom", weigh);
  },
  async show(count) {
    total = count;
    const el = document.createElement("div");
    document.getElementById("cells")?.append(el);
    const render = (typeof widget === "function" ? null : widget.render) as (props: object) => unknown;
    render({ model: kernel, el, signal: end.signal });
    await until(isShown);
    await painted();
  },
  async comeNear() {
    await side.fit();
    wheel(1 / zoomOf(), middleCard());
    await until(
      () => document.querySelector(`[data-node-id="${side.middleId()}"]`) !== null && $(".nb-card--waiting") === null,
    );
    await painted();
  },
  async fit() {
    $("[data-testid=nb-fit]")?.click();
    for (let before = ""; before !== viewport(); ) {
      before = viewport();
      await painted();
    }
  },
  zoom: zoomOf,
  emptySpot() {
    const { x, y } = gridOf(total)[middleOf(total)] as { x: number; y: number };
    return toPage(x + CARD_PX + 40, y + 14);
  },
  nodeSpot: middleCard,
  kernel: () => kernel,
  endViews: () => end.abort(),
  middleId: () => String(middleOf(total) + 1),
  wireBytes: () => wireBytes,
};

publish(side);
