/** Lead from a row of a panel to its node. */
import type { EditorContextValue } from "../context";
import { fitView } from "../fit";

export function showNode(editor: EditorContextValue, id: string): void {
  editor.actions.select([id]);
  fitView(editor, [id]);
}
