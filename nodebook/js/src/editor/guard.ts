/**
 * Keeps keys, typing and the wheel inside the editor, and leaves the notebook its own when the editor is not in use.
 *
 * Measured in JupyterLab 4 (frontend-notes): its shortcuts look at the focused element, so the attribute on the root alone
 * is not enough; every element that gets the focus must carry it.
 */
const SUPPRESS = "data-lm-suppress-shortcuts";
const MODIFIERS = new Set(["Shift", "Control", "Meta", "Alt"]);
const SCROLLING_KEYS = new Set([
  " ",
  "ArrowUp",
  "ArrowDown",
  "ArrowLeft",
  "ArrowRight",
  "PageUp",
  "PageDown",
  "Home",
  "End",
]);
const INSIDE_EVENTS = ["keydown", "keypress", "keyup", "input", "paste", "copy", "cut"] as const;

export function installGuard(root: HTMLElement, signal: AbortSignal): void {
  root.tabIndex = -1;
  root.setAttribute(SUPPRESS, "true");
  root.setAttribute("data-jp-suppress-context-menu", "true");
  const listen = { signal };

  root.addEventListener(
    "focusin",
    (event) => {
      if (event.target instanceof Element) event.target.setAttribute(SUPPRESS, "true");
    },
    listen,
  );
  root.addEventListener("keydown", keepFromScrolling, listen);
  for (const name of INSIDE_EVENTS) root.addEventListener(name, keepInside, listen);
  root.addEventListener("pointerup", () => focusRoot(root), listen);
  root.addEventListener(
    "focusout",
    (event) => {
      // The focused element went away (a field closed): keys must not fall through to the notebook.
      if (event.relatedTarget === null) queueMicrotask(() => focusIsNowhere(root) && focusRoot(root));
    },
    listen,
  );
  root.addEventListener("wheel", (event) => keepWheel(event, root), { capture: true, passive: false, signal });
}

/** Modifiers alone go on: React Flow listens for Shift on the document. */
function keepInside(event: Event): void {
  if (event instanceof KeyboardEvent && MODIFIERS.has(event.key)) return;
  event.stopPropagation();
}

/** A key that nothing here used would scroll the notebook. */
function keepFromScrolling(event: KeyboardEvent): void {
  const target = event.composedPath()[0];
  if (!SCROLLING_KEYS.has(event.key) || !(target instanceof Element) || isOwnUse(event.key, target)) return;
  event.preventDefault();
}

/** Whether the browser does something with the key in this element itself: move the cursor, press a button, scroll it. */
function isOwnUse(key: string, target: Element): boolean {
  if (target.matches("input")) return !key.startsWith("Page");
  if (target.matches("textarea, select, [contenteditable=true]")) return true;
  if (key === " " && target.matches("button, summary")) return true;
  return target.scrollHeight > target.clientHeight && /auto|scroll/.test(getComputedStyle(target).overflowY);
}

export function hasFocus(root: HTMLElement): boolean {
  return root.matches(":focus-within");
}

function activeElement(root: HTMLElement): Element | null {
  return (root.getRootNode() as Document | ShadowRoot).activeElement;
}

function focusIsNowhere(root: HTMLElement): boolean {
  const active = activeElement(root);
  return root.isConnected && root.dataset.leaving !== "true" && (active === null || active === root.ownerDocument.body);
}

function focusRoot(root: HTMLElement): void {
  if (!hasFocus(root)) root.focus({ preventScroll: true });
}

/** Give the keyboard back to the notebook. */
export function leave(root: HTMLElement): void {
  root.dataset.leaving = "true";
  (activeElement(root) as HTMLElement | null)?.blur();
  // The cell around: blurring alone leaves the keyboard nowhere, and the notebook's keys dead.
  root.parentElement?.closest<HTMLElement>(".jp-Cell, [tabindex]")?.focus({ preventScroll: true });
  delete root.dataset.leaving;
}

/** Without focus and without a modifier the wheel scrolls the notebook, so React Flow must not see it. */
function keepWheel(event: WheelEvent, root: HTMLElement): void {
  if (event.ctrlKey || event.metaKey) event.preventDefault();
  else if (!hasFocus(root)) event.stopPropagation();
}
