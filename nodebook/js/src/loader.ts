/**
 * What the widget's state holds instead of the editor. State may be saved in the notebook, once for each graph; so the
 * editor itself comes as a message, once for each page. Without a kernel nothing comes, and nothing is shown.
 */
import type { AnyModel, AnyWidget, Render } from "@anywidget/types";

interface LoaderState extends Record<string, unknown> {
  /** Which editor the kernel has: a hash of its files. */
  bundle: string;
}

interface Editor {
  readonly render: Render<LoaderState>;
  readonly css: string;
}

const ASK_AGAIN_MS = 3000;
const GIVE_UP_MS = 120_000;

/** Editors by their hash, kept by the page: every view has a copy of this module of its own. */
const KEPT = Symbol.for("nodebook.editors");
type Kept = Map<string, Promise<Editor>>;

function keptEditors(): Kept {
  const page = globalThis as { [KEPT]?: Kept };
  page[KEPT] ??= new Map();
  return page[KEPT];
}

function editorOf(model: AnyModel<LoaderState>): Promise<Editor> {
  const hash = model.get("bundle");
  const kept = keptEditors();
  const known = kept.get(hash);
  if (known !== undefined) return known;
  const asked = askFor(model, hash);
  kept.set(hash, asked);
  asked.catch(() => kept.delete(hash)); // the next view asks again
  return asked;
}

function askFor(model: AnyModel<LoaderState>, hash: string): Promise<Editor> {
  return new Promise((resolve, reject) => {
    const ask = () => model.send({ type: "bundle", hash });
    const again = setInterval(ask, ASK_AGAIN_MS);
    const end = () => {
      clearInterval(again);
      clearTimeout(late);
      model.off("msg:custom", onMessage);
    };
    const late = setTimeout(() => {
      end();
      reject(new Error("nodebook: the kernel did not send the editor"));
    }, GIVE_UP_MS);
    const onMessage = (message: { type?: unknown; hash?: unknown }, buffers: DataView[]) => {
      const [script, css] = buffers;
      if (message?.type !== "bundle" || message.hash !== hash || !script || !css) return;
      end();
      Promise.all([unzip(script), unzip(css)])
        .then(([code, style]) => load(code, style))
        .then(resolve, reject);
    };
    model.on("msg:custom", onMessage);
    ask();
  });
}

function unzip(data: DataView): Promise<string> {
  const zipped = new Blob([data as DataView<ArrayBuffer>]).stream();
  return new Response(zipped.pipeThrough(new DecompressionStream("gzip"))).text();
}

async function load(code: string, css: string): Promise<Editor> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    const { default: widget } = (await import(/* @vite-ignore */ url)) as { default: { render: Render<LoaderState> } };
    return { render: widget.render, css };
  } finally {
    URL.revokeObjectURL(url);
  }
}

const widget: AnyWidget<LoaderState> = {
  async render(context) {
    const { model, el, signal } = context;
    const editor = await editorOf(model).catch(() => null);
    if (editor === null || signal?.aborted) return;
    const style = el.ownerDocument.createElement("style");
    style.textContent = editor.css;
    el.append(style); // inside: the view may be in a shadow root, which the page's styles do not reach
    return editor.render(context);
  },
};

export default widget;
