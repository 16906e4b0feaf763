/** One view of one graph: stores, session and React, all ended by one signal. */
import { createRoot } from "react-dom/client";
import { createActions } from "./editor/actions";
import { installClipboard } from "./editor/clipboard";
import type { EditorContextValue } from "./editor/context";
import { Editor } from "./editor/Editor";
import { installFocus } from "./editor/focus";
import { installGuard } from "./editor/guard";
import { installKeyboard } from "./editor/keyboard";
import { openPalette } from "./editor/openPalette";
import { watchTheme } from "./editor/theme";
import { watchFullscreen } from "./editor/watch/fullscreen";
import { followHeight } from "./editor/watch/height";
import { fillOwnTab } from "./editor/watch/ownTab";
import { createClientStore, pushNotice } from "./state/client";
import { bindFlow } from "./state/flow";
import { createKernelStore } from "./state/kernel";
import { type Model, startSession } from "./sync/session";

const READABLE_ZOOM = 0.8;

export function mount(model: Model, el: HTMLElement, signal: AbortSignal): void {
  const root = el.ownerDocument.createElement("div");
  root.className = "nb-editor";
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Graph editor");
  el.append(root);

  const kernel = createKernelStore();
  const client = createClientStore();
  const session = startSession({
    model,
    store: kernel,
    client: newClientId(),
    onNotice: (level, text) => pushNotice(client, level, text),
    signal,
  });
  bindFlow(kernel, client, signal);
  const actions = createActions({ kernel, client, session, signal });
  const context: EditorContextValue = { kernel, client, session, actions, root, flow: { current: null } };

  const react = createRoot(root);
  react.render(<Editor context={context} />);
  // After React's own listeners on the same element: a control handles its key first, then the editor, then the guard.
  installKeyboard(context, signal);
  installClipboard(context, signal);
  installGuard(root, signal);
  watchFullscreen(context, signal);
  fillOwnTab(root, signal);
  followHeight(context, signal);
  installFocus(context, signal);
  watchTheme(root, signal);
  root.addEventListener("dblclick", (event) => openPaletteAt(event, context), { signal });
  signal.addEventListener(
    "abort",
    () => {
      react.unmount();
      root.remove();
    },
    { once: true },
  );
}

function openPaletteAt(event: MouseEvent, context: EditorContextValue): void {
  const target = event.composedPath()[0];
  if (!(target instanceof Element) || !target.classList.contains("react-flow__pane")) return;
  const at = { x: event.clientX, y: event.clientY };
  if (context.root.querySelector(".nb-overview") !== null) comeNear(context, at);
  else if (context.kernel.getState().loaded) openPalette(context, at);
}

/** From far away a double-click shows that place at a readable size. */
function comeNear({ flow }: EditorContextValue, at: { x: number; y: number }): void {
  const place = flow.current?.screenToFlowPosition(at);
  if (place) void flow.current?.setCenter(place.x, place.y, { zoom: READABLE_ZOOM });
}

/** crypto.randomUUID exists only on https and localhost; a notebook may be on plain http. */
function newClientId(): string {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return Array.from(words, (word) => word.toString(36)).join("");
}
