/**
 * The editor over the whole screen, by the browser's own means; where a page may not do that (a frame that was not
 * allowed to), over the whole page. The top layer is used for it: `position: fixed` alone would stay inside a cell
 * that JupyterLab has moved by a transform.
 */
import type { EditorContextValue } from "../context";

export function toggleFull(editor: EditorContextValue): void {
  if (editor.client.getState().full) void leaveFull(editor);
  else void enterFull(editor);
}

async function enterFull({ root, client }: EditorContextValue): Promise<void> {
  try {
    await root.requestFullscreen();
  } catch {
    root.popover = "manual";
    root.showPopover();
  }
  root.dataset.full = "true";
  client.setState({ full: true });
  root.focus({ preventScroll: true });
}

export async function leaveFull({ root, client }: EditorContextValue): Promise<void> {
  if (root.ownerDocument.fullscreenElement === root) await root.ownerDocument.exitFullscreen();
  settle(root, client);
}

function settle(root: HTMLElement, client: EditorContextValue["client"]): void {
  if (root.popover !== null) {
    if (root.matches(":popover-open")) root.hidePopover();
    root.popover = null;
  }
  delete root.dataset.full;
  client.setState({ full: false });
}

/** The browser's own way out (Esc) leaves no trace either. */
export function watchFullscreen({ root, client }: Pick<EditorContextValue, "root" | "client">, signal: AbortSignal) {
  root.ownerDocument.addEventListener(
    "fullscreenchange",
    () => {
      const popped = root.popover !== null;
      if (client.getState().full && !popped && root.ownerDocument.fullscreenElement !== root) settle(root, client);
    },
    { signal },
  );
}
