/**
 * The editor in a tab of JupyterLab beside the notebook: JupyterLab's own view of a cell's output, which has the same
 * model. A widget has no way to JupyterLab's commands, so the entry of its context menu is chosen (docs/design/editor.md,
 * "Own tab"); where there is none, as in Notebook 7, a person is told what to do.
 */
import { pushNotice } from "../../state/client";
import type { EditorContextValue } from "../context";

const OUTPUT_VIEW = ".jp-LinkedOutputView";
const MENU_ITEM = '.lm-Menu-item[data-command="notebook:create-output-view"]';
const WAIT_MS = 20;
const WAITS = 25;
const LOWEST_PX = 160;

export function isInOwnTab(root: HTMLElement): boolean {
  return root.closest(OUTPUT_VIEW) !== null;
}

export async function openTab({ root, client }: EditorContextValue): Promise<void> {
  const output = root.closest(".jp-OutputArea-child")?.querySelector(".jp-OutputPrompt");
  const item = output ? await openMenu(output) : null;
  if (item !== null && choose(item)) return;
  const how = output
    ? "JupyterLab did not offer it. Right-click left of the editor and choose Create New View for Cell Output."
    : "Only JupyterLab can do this, with an editor in a cell. Elsewhere, let the editor fill the screen.";
  pushNotice(client, "warning", how);
}

/** Open JupyterLab's menu of a cell's output as a right-click does. */
async function openMenu(output: Element): Promise<Element | null> {
  const { left, top } = output.getBoundingClientRect();
  const place = { clientX: left + 1, clientY: Math.max(0, top) + 1 };
  output.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true, button: 2, ...place }));
  for (let waits = 0; waits < WAITS; waits += 1) {
    const item = output.ownerDocument.querySelector(MENU_ITEM);
    if (item !== null) return item;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  return null;
}

/** Whether the entry was taken: its menu is closed then. Lumino has listened to the mouse, and then to pointers. */
function choose(item: Element): boolean {
  const menu = item.closest(".lm-Menu");
  const { left, top } = item.getBoundingClientRect();
  const options = { bubbles: true, cancelable: true, button: 0, clientX: left + 4, clientY: top + 4 };
  for (const [move, up, Kind] of [
    ["pointermove", "pointerup", PointerEvent],
    ["mousemove", "mouseup", MouseEvent],
  ] as const) {
    if (!item.isConnected) break;
    item.dispatchEvent(new Kind(move, options));
    item.dispatchEvent(new Kind(up, options));
  }
  if (!item.isConnected) return true;
  menu?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", keyCode: 27, bubbles: true, cancelable: true }));
  return false;
}

/** In a tab of its own the editor is as high as the tab. */
export function fillOwnTab(root: HTMLElement, signal: AbortSignal): void {
  let host: HTMLElement | null = null;
  const fill = () => {
    if (host === null) return;
    const above = root.getBoundingClientRect().top - host.getBoundingClientRect().top + host.scrollTop;
    root.style.height = `${Math.max(LOWEST_PX, host.clientHeight - above)}px`;
  };
  const observer = new ResizeObserver(() => {
    if (host === null) {
      // The root is on the page only after it was mounted.
      host = root.closest<HTMLElement>(OUTPUT_VIEW);
      if (host === null) return;
      root.dataset.tab = "true";
      observer.observe(host);
    }
    fill();
  });
  observer.observe(root);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}
