/** Lead from a row of a panel to its node, into the subgraph where it is. */
import { prefixOf, SEPARATOR } from "../../state/scope";
import type { EditorContextValue } from "../context";
import { fitView } from "../fit";
import { showPath } from "../subgraphs/scope";

const FRAMES = 3;

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
  // The canvas of another graph is a new one: it begins with all of that graph in sight, and nothing selected.
  afterFrames(FRAMES, () => {
    actions.select([id]);
    fitView(editor, [id]);
  });
}

function afterFrames(count: number, task: () => void): void {
  if (count === 0) task();
  else requestAnimationFrame(() => afterFrames(count - 1, task));
}

/** The path of a node of the graph that is shown. */
export function pathOf({ scope }: Pick<EditorContextValue, "scope">, id: string): string {
  return prefixOf(scope.store.getState().path) + id;
}
