/** A picture or another file in the clipboard, pasted: into the selected card that takes it, else as a new node. */
import { selectedIds } from "../state/client";
import { isTextUse, pastePlace, take } from "./clipboard";
import type { EditorContextValue } from "./context";
import { reveal } from "./fit";
import { hasFocus } from "./guard";

export function installPasteFiles(editor: EditorContextValue, signal: AbortSignal): void {
  const { root, actions, client } = editor;
  const onPaste = (event: ClipboardEvent) => {
    const file = event.clipboardData?.files[0];
    if (file === undefined || !hasFocus(root) || isTextUse(event, root) || root.querySelector("[role=dialog]")) return;
    take(event);
    const chosen = selectedIds(client.getState()).find((id) => actions.takesFile(id, file));
    if (chosen !== undefined) return actions.giveFile(chosen, file);
    const { at, pointed } = pastePlace(editor);
    const added = actions.addPicture(file, at, !pointed);
    if (added !== null) reveal(editor, added);
  };
  root.ownerDocument.addEventListener("paste", onPaste, { capture: true, signal });
}
