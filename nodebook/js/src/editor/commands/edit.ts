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
    enabled: ({ kernel }) => kernel.getState().history.undo !== null,
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
    title: "Go to the first field of the selected node",
    section: "Edit",
    keys: ["Enter"],
    enabled: hasSelection,
    run: ({ client, root }) => focusFirstControl(root, selectedIds(client.getState())[0] as string),
  },
  {
    id: "edit.weigh",
    title: "In a text: more or less weight for the word or what is selected",
    section: "Edit",
    keys: ["Mod+ArrowUp", "Mod+ArrowDown"],
    where: "anywhere",
    // The text itself handles the keys (controls/TextArea.tsx).
    enabled: () => false,
    run: () => {},
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

function focusFirstControl(root: HTMLElement, id: string): void {
  const card = root.querySelector(`[data-node-id="${CSS.escape(id)}"] .nb-body`);
  card?.querySelector<HTMLElement>("button, input, textarea, [tabindex='0']")?.focus({ preventScroll: true });
}
