/** Lead from a row of a panel to its node, into the subgraph where it is. */
import { prefixOf, SEPARATOR } from "../../state/scope";
import type { EditorContextValue } from "../context";
import { fitView } from "../fit";
import { showPath } from "../subgraphs/scope";

/** `path`: of the document as a whole. */
export function showNode(editor: EditorContextValue, path: string): void {
  const { scope, client, actions } = editor;
  const parts = path.split(SEPARATOR);
  const id = parts.pop() as string;
  if (prefixOf(scope.store.getState().path) === prefixOf(parts)) {
    actions.select([id]);
    fitView(editor, [id]);
    return;
  }
  showPath(scope, client, parts);
  actions.select([id]);
  // The canvas of another graph shows all of it first, one frame from now.
  requestAnimationFrame(() => requestAnimationFrame(() => fitView(editor, [id])));
}

/** The path of a node of the graph that is shown. */
export function pathOf({ scope }: Pick<EditorContextValue, "scope">, id: string): string {
  return prefixOf(scope.store.getState().path) + id;
}
