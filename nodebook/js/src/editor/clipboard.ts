/**
 * Copy, cut and paste by the browser's own events, which work on plain http too. Chromium sends them to the page's body
 * where no text is selected, so they are caught at the document, for the view that has the focus.
 */
import { pushNotice, selectedIds } from "../state/client";
import type { PastePlace } from "./actions/clipboard";
import type { EditorContextValue } from "./context";
import { reveal } from "./fit";
import { hasFocus } from "./guard";

/** What was copied in this page last, for pages that may not read the clipboard. */
let lastCopied: string | null = null;
/** Where the pointer is over a view's canvas, in pixels of the page. */
const pointers = new WeakMap<HTMLElement, { x: number; y: number }>();

export function installClipboard(editor: EditorContextValue, signal: AbortSignal): void {
  const { root, actions } = editor;
  const { ownerDocument } = root;
  let keepOutside = false;
  const capture = { capture: true, signal };

  const isOurs = (event: Event) => hasFocus(root) && !isTextUse(event, root);
  const onCopy = (event: ClipboardEvent) => {
    const text = isOurs(event) ? actions.copyText() : null;
    if (text === null) return;
    take(event);
    event.clipboardData?.setData("text/plain", text);
    lastCopied = text;
    if (event.type === "cut") actions.removeSelection();
  };
  ownerDocument.addEventListener("copy", onCopy, capture);
  ownerDocument.addEventListener("cut", onCopy, capture);
  ownerDocument.addEventListener(
    "paste",
    (event) => {
      const text = event.clipboardData?.getData("text/plain");
      if (!text || event.clipboardData?.files.length || !isOurs(event)) return;
      take(event);
      insert(editor, text, keepOutside);
    },
    capture,
  );
  // Which of the two keys for paste it was, the event itself does not say.
  root.addEventListener("keydown", (event) => (keepOutside = event.shiftKey), capture);
  root.addEventListener("pointermove", (event) => notePointer(event, root), { passive: true, signal });
  root.addEventListener("pointerleave", () => pointers.delete(root), { signal });
}

export function take(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** In a field, and where text on a card is selected, the browser's own copying counts. */
export function isTextUse(event: Event, root: HTMLElement): boolean {
  const active = (root.getRootNode() as Document | ShadowRoot).activeElement;
  const target = event.composedPath()[0];
  for (const element of [active, target]) {
    if (element instanceof Element && element.matches("input, textarea, [contenteditable=true]")) return true;
  }
  const selection = root.ownerDocument.getSelection();
  const isInside = selection?.anchorNode != null && root.contains(selection.anchorNode);
  return event.type !== "paste" && isInside && selection?.toString() !== "";
}

function notePointer(event: PointerEvent, root: HTMLElement): void {
  const target = event.composedPath()[0];
  const isOverCanvas = target instanceof Element && target.closest(".nb-stage") !== null;
  if (isOverCanvas) pointers.set(root, { x: event.clientX, y: event.clientY });
  else pointers.delete(root);
}

export function pastePlace({ root, flow }: EditorContextValue): PastePlace {
  const pointer = pointers.get(root);
  const stage = root.querySelector(".nb-stage")?.getBoundingClientRect();
  const middle = { x: (stage?.left ?? 0) + (stage?.width ?? 0) / 2, y: (stage?.top ?? 0) + (stage?.height ?? 0) / 2 };
  const at = flow.current?.screenToFlowPosition(pointer ?? middle) ?? { x: 0, y: 0 };
  return { at, pointed: pointer !== undefined };
}

function insert(editor: EditorContextValue, text: string, keepOutside: boolean): void {
  const ids = editor.actions.pasteText(text, pastePlace(editor), keepOutside);
  const [first] = ids;
  const last = ids.at(-1);
  if (first === undefined || last === undefined) return;
  reveal(editor, last);
  reveal(editor, first);
}

/** Copy the selection without a key: from a menu. */
export function copySelection({ actions, client, root }: EditorContextValue, as: "nodebook" | "ComfyUI"): void {
  const text = as === "nodebook" ? actions.copyText() : actions.copyComfyText();
  if (text === null) return;
  lastCopied = text;
  const nodes = selectedIds(client.getState()).length;
  void writeClipboard(root, text).then((written) => {
    if (!written)
      pushNotice(client, "warning", "The browser did not let the page copy. Press the keys for it instead.");
    else if (as === "ComfyUI") pushNotice(client, "info", comfyWords(nodes));
  });
}

function comfyWords(nodes: number): string {
  return `Copied ${nodes === 1 ? "the node" : `${nodes} nodes`} as a ComfyUI workflow.`;
}

export function cutSelection(editor: EditorContextValue): void {
  copySelection(editor, "nodebook");
  editor.actions.removeSelection();
}

/** Paste without a key: a page may read the clipboard only on https or localhost, and where the person lets it. */
export async function pasteFromClipboard(editor: EditorContextValue, keepOutside: boolean): Promise<void> {
  let text: string | null = null;
  try {
    text = (await navigator.clipboard?.readText()) ?? lastCopied;
  } catch {
    text = lastCopied;
  }
  if (text !== null) return insert(editor, text, keepOutside);
  pushNotice(
    editor.client,
    "info",
    "The browser does not let the page read the clipboard. Press Ctrl+V on the canvas.",
  );
}

/** By an event where that works: it needs no permission. */
async function writeClipboard(root: HTMLElement, text: string): Promise<boolean> {
  const { ownerDocument } = root;
  let written = false;
  const controller = new AbortController();
  const options = { capture: true, signal: controller.signal };
  ownerDocument.addEventListener("beforecopy", (event) => event.preventDefault(), options);
  ownerDocument.defaultView?.addEventListener(
    "copy",
    (event) => {
      take(event);
      event.clipboardData?.setData("text/plain", text);
      written = true;
    },
    options,
  );
  ownerDocument.execCommand("copy");
  controller.abort();
  if (written) return true;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
