/** Where the keyboard is: the editor's parts, and the way between them. */
import type { EditorContextValue } from "./context";
import { reveal } from "./fit";

/** In the order in which F6 goes around. A part that is not there, or has nothing to focus, is passed over. */
const PARTS = [
  ".nb-toolbar",
  ".nb-crumbs",
  ".nb-stage",
  ".nb-link",
  ".nb-notices",
  ".nb-panel",
  ".nb-height-handle",
] as const;
const FOCUSABLE =
  "button:enabled, input:enabled, textarea:enabled, select:enabled, summary, a[href], [tabindex]:not([tabindex='-1'])";

export function canvasOf(root: HTMLElement): HTMLElement | null {
  return root.querySelector<HTMLElement>(".nb-stage");
}

/** The innermost element that has the focus, if it is in the editor. */
export function focused(root: HTMLElement): HTMLElement | null {
  const active = (root.getRootNode() as Document | ShadowRoot).activeElement;
  return active instanceof HTMLElement && root.contains(active) ? active : null;
}

/** The id of the node whose card, or whose row in a list, an element belongs to. */
export function nodeOfElement(element: Element | null): string | null {
  const card = element?.closest<HTMLElement>("[data-node-id], [data-list-node]");
  return card?.dataset.nodeId ?? card?.dataset.listNode ?? null;
}

export function installFocus(editor: EditorContextValue, signal: AbortSignal): void {
  const { root, client, actions } = editor;
  root.addEventListener(
    "focusin",
    (event) => {
      // Whoever gives the focus to the editor as a whole means its canvas.
      if (event.target === root) canvasOf(root)?.focus({ preventScroll: true });
      const target = event.target as Element;
      const id = target.closest<HTMLElement>("[data-node-id]")?.dataset.nodeId;
      // Only by keyboard: with the pointer React Flow selects, with Shift and Ctrl in mind.
      if (id === undefined || !target.matches(":focus-visible")) return;
      if (root.dataset.pointer === "down" || client.getState().nodes.find((node) => node.id === id)?.selected) return;
      actions.select([id]);
      reveal(editor, id);
    },
    { signal },
  );
  const press = (down: boolean) => () => {
    root.dataset.pointer = down ? "down" : "up";
  };
  root.addEventListener("pointerdown", press(true), { capture: true, signal });
  root.ownerDocument.addEventListener("pointerup", press(false), { capture: true, signal });
  root.ownerDocument.addEventListener("pointercancel", press(false), { capture: true, signal });
}

/** The next part of the editor, or the one before: toolbar, canvas, messages, panel, handle. */
export function goToPart(root: HTMLElement, step: 1 | -1): void {
  const parts = PARTS.flatMap((name) => [...root.querySelectorAll<HTMLElement>(name)]).filter(firstIn);
  const here = focused(root);
  // The messages lie on the canvas: the innermost part counts.
  const at = parts.findLastIndex((part) => here !== null && part.contains(here) && innermost(parts, part, here));
  const next = parts[(at + step + parts.length) % parts.length];
  if (next !== undefined) firstIn(next)?.focus({ preventScroll: true });
}

function innermost(parts: readonly HTMLElement[], part: HTMLElement, here: HTMLElement): boolean {
  return !parts.some((other) => other !== part && part.contains(other) && other.contains(here));
}

export function goInto(root: HTMLElement, part: (typeof PARTS)[number]): void {
  const element = root.querySelector<HTMLElement>(part);
  if (element !== null) firstIn(element)?.focus({ preventScroll: true });
}

/** What a panel holds comes before the button that closes it. */
function firstIn(part: HTMLElement): HTMLElement | null {
  if (part.tabIndex >= 0) return part;
  const content = part.querySelector(".nb-panel-content");
  const all = [content, part].flatMap((one) => [...(one?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])]);
  return all.find((one) => one.tabIndex >= 0) ?? null;
}
