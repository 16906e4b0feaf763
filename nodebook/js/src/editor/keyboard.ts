/** Keys of the editor. They are handled on the root, after the focused control had its turn. */
import { commandAt, isEnabled, whereOf } from "./commands";
import { chordOf } from "./commands/chords";
import type { EditorContextValue } from "./context";

/** What uses plain keys itself while it has the focus. */
const CONTROLS =
  "button, summary, hr, [role=slider], [role=spinbutton], [role^=menuitem], [role=option], [role=tab], [role=treeitem]";

/** In these a sign is the beginning of a number, or a slip: never a command. */
const NUMBERS = "[role=slider], [role=spinbutton]";

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
  const chord = chordOf(event);
  const command = commandAt(chord);
  if (command === undefined || command.native) return false;
  const where = whereOf(command, chord);
  if (where !== "anywhere" && isTyping(event)) return false;
  if (where === "canvas" && isControl(event)) return false;
  if (chord.length === 1 && targetOf(event)?.matches(NUMBERS)) return false;
  // With Mod a key is taken even where there is nothing to do: the notebook's own Ctrl-B would fold its sidebar.
  if (!isEnabled(command, editor)) return chord.startsWith("Mod+");
  command.run(editor, event);
  return true;
}

function targetOf(event: Event): Element | null {
  const target = event.composedPath()[0];
  return target instanceof Element ? target : null;
}

function isTyping(event: Event): boolean {
  return targetOf(event)?.matches("input, textarea, select, [contenteditable=true]") ?? false;
}

function isControl(event: Event): boolean {
  return targetOf(event)?.matches(CONTROLS) ?? false;
}
