import { own } from "../graph/document";
import { portsOf, titleOf } from "../graph/library";
import { bindOps, boundTo, isVariable, isVariableName } from "../graph/variables";
import { openPicker, type PickerOption } from "../state/picker";
import type { EditorContextValue } from "./context";

const BACK = "\0back";

/** Ask which variable of the notebook an input takes; those of a fitting type come first. */
export async function pickVariable(editor: EditorContextValue, id: string, input: string): Promise<void> {
  const { client, kernel, session } = editor;
  const offered = await session.variables(id, input);
  const { document, library } = kernel.getState();
  const node = document.nodes[id];
  if (node === undefined) return;
  const title = titleOf(library, node);
  const bound = boundTo(node, input);
  const options: PickerOption[] = offered
    .filter((each) => each.fits || each.name === bound)
    .map(({ name, text }) => ({ id: name, title: name, detail: text, checked: name === bound }));
  if (isVariable(own(node.values, input))) {
    options.unshift({ id: BACK, title: "Back to a value", detail: "what the variable holds now" });
  }
  openPicker(client, {
    title: `Take ${input} of ${title} from notebook`,
    options,
    empty: "The notebook has no variable that fits. Type a name to take one that a cell will make.",
    typed: (text) =>
      isVariableName(text) && !options.some((option) => option.id === text)
        ? {
            id: text,
            title: text,
            detail: offered.some(({ name }) => name === text) ? "of another type" : "not there yet",
          }
        : null,
    onChoose(chosen) {
      if (chosen === BACK) return session.unbind(id, input);
      const now = kernel.getState().document.nodes[id];
      if (now === undefined || boundTo(now, input) === chosen) return;
      session.edit(`Take ${input} of ${title} from ${chosen}`, bindOps(id, now, input, chosen));
    },
  });
}

/** Ask which input of a node takes a variable, then which one. */
export function pickBoundInput(editor: EditorContextValue, id: string): void {
  const { client, kernel } = editor;
  const { document, library } = kernel.getState();
  const node = document.nodes[id];
  if (node === undefined) return;
  const { inputs } = portsOf(library, node, []);
  const only = inputs.length === 1 ? inputs[0] : undefined;
  if (only !== undefined) return void pickVariable(editor, id, only.name);
  openPicker(client, {
    title: `Input of ${titleOf(library, node)} to take from the notebook`,
    options: inputs.map(({ name, type }) => ({
      id: name,
      title: name,
      detail: boundTo(node, name) ?? type,
      checked: boundTo(node, name) !== null,
    })),
    empty: "This node has no inputs.",
    onChoose: (input) => void pickVariable(editor, id, input),
  });
}
