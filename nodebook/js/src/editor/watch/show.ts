/** Lead from a row of a panel to its node. */
import type { EditorContextValue } from "../context";
import { fitView } from "../fit";
import { goTo } from "../subgraphs/scope";

export function showNode(editor: EditorContextValue, id: string): void {
  editor.actions.select([id]);
  fitView(editor, [id]);
}

/** The same for a node anywhere in the document, by its path: its graph is opened. */
export function showPath(editor: EditorContextValue, path: string): void {
  showNode(editor, goTo(editor, path));
}
