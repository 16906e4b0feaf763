/** One view of one graph: stores, session and React, all ended by one signal. */
import { createRoot } from "react-dom/client";
import { createActions } from "./editor/actions";
import { installClipboard } from "./editor/clipboard";
import type { EditorContextValue } from "./editor/context";
import { Editor } from "./editor/Editor";
import { installFocus } from "./editor/focus";
import { installGuard } from "./editor/guard";
import { installKeyboard } from "./editor/keyboard";
import { createMeasures } from "./editor/measures";
import { openPalette } from "./editor/openPalette";
import { installPasteFiles } from "./editor/pasteFiles";
import { bindScope, createScope } from "./editor/subgraphs/scope";
import { watchTheme } from "./editor/theme";
import { watchFullscreen } from "./editor/watch/fullscreen";
import { followHeight } from "./editor/watch/height";
import { fillOwnTab } from "./editor/watch/ownTab";
import { bindFlow } from "./state/bindFlow";
import { createClientStore, pushNotice } from "./state/client";
import { createKernelStore } from "./state/kernel";
import { createScopeStore, scopedKernel } from "./state/scope";
import { createTurns } from "./state/turns";
import { scopedSession } from "./sync/scoped";
import { type Model, startSession } from "./sync/session";

const READABLE_ZOOM = 0.8;

export function mount(model: Model, el: HTMLElement, signal: AbortSignal): void {
  const root = el.ownerDocument.createElement("div");
  root.className = "nb-editor";
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "Graph editor");
  el.append(root);

  const wholeKernel = createKernelStore();
  const client = createClientStore();
  const wholeSession = startSession({
    model,
    store: wholeKernel,
    client: newClientId(),
    onNotice: (level, text) => pushNotice(client, level, text),
    signal,
  });
  // From here on the editor sees the graph that is shown as if it were all there is.
  const scope = createScope(createScopeStore(), { kernel: wholeKernel, session: wholeSession });
  bindScope(scope, client, signal);
  const kernel = scopedKernel(wholeKernel, scope.store, signal);
  const session = scopedSession(wholeSession, wholeKernel, scope.store, signal);
  bindFlow(kernel, client, signal);
  const actions = createActions({ kernel, client, session, scope, signal });
  const turns = createTurns(signal);
  const measures = createMeasures(client);
  const flow: EditorContextValue["flow"] = { current: null };
  const context: EditorContextValue = { kernel, client, session, scope, actions, root, turns, measures, flow };

  const react = createRoot(root);
  react.render(<Editor context={context} />);
  // After React's own listeners on the same element: a control handles its key first, then the editor, then the guard.
  installKeyboard(context, signal);
  installClipboard(context, signal);
  installPasteFiles(context, signal);
  installGuard(root, signal);
  installFocus(context, signal);
  watchFullscreen(context, signal);
  fillOwnTab(root, signal);
  followHeight(context, signal);
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
