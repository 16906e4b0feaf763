/** Keys of the editor. They are handled on the root, after the focused control had its turn. */
import { selectedIds } from "../state/client";
import type { EditorContextValue } from "./context";
import { fitView, reveal } from "./fit";
import { leave } from "./guard";
import { openPalette } from "./openPalette";

const STEP = 8;
const BIG_STEP = 40;
const ARROWS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export function installKeyboard(editor: EditorContextValue, signal: AbortSignal): void {
  editor.root.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      if (handle(event, editor)) event.preventDefault();
    },
    { signal },
  );
}

/** Whether the key was the editor's. */
function handle(event: KeyboardEvent, editor: EditorContextValue): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "Enter") return run(event, editor);
  if (event.key === "Escape") return onEscape(editor);
  if (isTyping(event)) return false;
  if (command) return handleCommand(event, editor);
  return handlePlain(event, editor);
}

function run(event: KeyboardEvent, { session, client, root }: EditorContextValue): boolean {
  // A field that is being typed in sends its text first.
  if (isTyping(event)) root.focus({ preventScroll: true });
  const chosen = selectedIds(client.getState());
  session.run(event.shiftKey && chosen.length > 0 ? chosen : null);
  return true;
}

function handleCommand(event: KeyboardEvent, editor: EditorContextValue): boolean {
  const { session, actions } = editor;
  const key = event.key.toLowerCase();
  if (key === "z") event.shiftKey ? session.redo() : session.undo();
  else if (key === "y") session.redo();
  else if (key === "a") actions.selectAll();
  else if (key === "d") duplicate(editor);
  // Without a selection too: the notebook's own Ctrl-B would fold its sidebar.
  else if (key === "m") actions.toggleMode("mute");
  else if (key === "b") actions.toggleMode("bypass");
  else return false;
  return true;
}

function duplicate(editor: EditorContextValue): void {
  const [first] = editor.actions.duplicateSelection();
  if (first !== undefined) reveal(editor, first);
}

function handlePlain(event: KeyboardEvent, editor: EditorContextValue): boolean {
  const { actions, client, root } = editor;
  const onCanvas = !isControl(event);
  const selection = selectedIds(client.getState());
  const arrow = ARROWS[event.key];
  if (!onCanvas) return false;
  if (event.key === "Tab") openPalette(editor, null);
  else if (event.key === "Delete" || event.key === "Backspace") actions.removeSelection();
  else if (event.key === "f" || event.key === "F") fitView(editor);
  else if (event.key === "F2" && selection[0] !== undefined) client.setState({ renaming: selection[0] });
  else if (event.key === "Enter" && selection[0] !== undefined) focusFirstControl(root, selection[0]);
  else if (arrow && event.altKey) actions.selectNext(arrow.x + arrow.y > 0 ? 1 : -1);
  else if (arrow && selection.length > 0) {
    const by = event.shiftKey ? BIG_STEP : STEP;
    actions.nudge({ x: arrow.x * by, y: arrow.y * by });
  } else return false;
  return true;
}

/** Esc closes what is open, then drops the selection, then gives the keyboard back to the notebook. */
function onEscape({ client, actions, root }: EditorContextValue): boolean {
  const state = client.getState();
  if (state.palette !== null) client.setState({ palette: null });
  else if (state.enlarged !== null) client.setState({ enlarged: null });
  else if (selectedIds(state).length > 0) actions.select([]);
  else leave(root);
  return true;
}

function focusFirstControl(root: HTMLElement, id: string): void {
  const card = root.querySelector(`[data-node-id="${CSS.escape(id)}"] .nb-body`);
  card?.querySelector<HTMLElement>("button, input, textarea, [tabindex='0']")?.focus({ preventScroll: true });
}

function targetOf(event: Event): Element | null {
  const target = event.composedPath()[0];
  return target instanceof Element ? target : null;
}

function isTyping(event: Event): boolean {
  return targetOf(event)?.matches("input, textarea, select, [contenteditable=true]") ?? false;
}

function isControl(event: Event): boolean {
  return targetOf(event)?.matches("button, summary, [role=slider], [role=spinbutton], hr") ?? false;
}
