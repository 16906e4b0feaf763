import { NOTE_TYPE } from "../../graph/library";
import { selectedIds } from "../../state/client";
import type { EditorContextValue } from "../context";
import { reveal } from "../fit";
import { RedoIcon, UndoIcon } from "../icons";
import type { Command } from "./types";

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);
const hasAnySelection = (editor: EditorContextValue) =>
  hasSelection(editor) || editor.client.getState().edges.some((edge) => edge.selected);

export const EDIT_COMMANDS: readonly Command[] = [
  {
    id: "edit.undo",
    title: "Undo",
    section: "Edit",
    keys: ["Mod+Z"],
    icon: UndoIcon,
    label: ({ kernel }) => {
      const { undo } = kernel.getState().history;
      return undo === null ? "Nothing to undo" : `Undo ${undo}`;
    },
    // An edit that is on its way can be undone too: the kernel takes messages in order.
    enabled: ({ kernel }) => kernel.getState().history.undo !== null || kernel.getState().pending > 0,
    run: ({ session }) => session.undo(),
  },
  {
    id: "edit.redo",
    title: "Redo",
    section: "Edit",
    keys: ["Mod+Shift+Z", "Mod+Y"],
    icon: RedoIcon,
    label: ({ kernel }) => {
      const { redo } = kernel.getState().history;
      return redo === null ? "Nothing to redo" : `Redo ${redo}`;
    },
    enabled: ({ kernel }) => kernel.getState().history.redo !== null,
    run: ({ session }) => session.redo(),
  },
  {
    id: "edit.duplicate",
    title: "Duplicate",
    section: "Edit",
    keys: ["Mod+D"],
    enabled: hasSelection,
    run(editor) {
      const [first] = editor.actions.duplicateSelection();
      if (first !== undefined) reveal(editor, first);
    },
  },
  {
    id: "edit.remove",
    title: "Remove",
    section: "Edit",
    keys: ["Delete", "Backspace"],
    enabled: hasAnySelection,
    run: ({ actions }) => actions.removeSelection(),
  },
  {
    id: "edit.rename",
    title: "Rename",
    section: "Edit",
    keys: ["F2"],
    enabled: hasSelection,
    run: ({ client }) => client.setState((state) => ({ renaming: selectedIds(state)[0] ?? null })),
  },
  {
    id: "edit.enter",
    title: "Go into the fields of the selected node",
    section: "Edit",
    keys: ["Enter"],
    enabled: ({ client, kernel }) =>
      client.getState().nodes.some((node) => node.selected) ||
      Object.keys(kernel.getState().document.nodes).length === 0,
    run({ client, kernel, actions, root }) {
      const [id] = selectedIds(client.getState());
      const node = kernel.getState().document.nodes[id ?? ""];
      if (id !== undefined && node?.view?.collapsed) actions.collapse(id, false);
      if (id !== undefined && node?.type === NOTE_TYPE) client.setState({ editingNote: id });
      else focusFirstControl(root, id);
    },
  },
  {
    id: "edit.mute",
    title: "Mute, or let run",
    section: "Edit",
    keys: ["Mod+M"],
    enabled: hasSelection,
    run: ({ actions }) => actions.toggleMode("mute"),
  },
  {
    id: "edit.bypass",
    title: "Bypass, or let run",
    section: "Edit",
    keys: ["Mod+B"],
    enabled: hasSelection,
    run: ({ actions }) => actions.toggleMode("bypass"),
  },
];

/** Of the card; in an empty graph the first of the starters. */
function focusFirstControl(root: HTMLElement, id: string | undefined): void {
  const part = id === undefined ? ".nb-starters" : `[data-node-id="${CSS.escape(id)}"] .nb-body`;
  const controls = root.querySelector(part)?.querySelectorAll<HTMLElement>("button, input, textarea, [tabindex='0']");
  controls?.[0]?.focus({ preventScroll: true });
}
