import { NOTE_TYPE } from "../../graph/library";
import { selectedIds } from "../../state/client";
import type { EditorContextValue } from "../context";
import { reveal } from "../fit";
import { RedoIcon, UndoIcon } from "../icons";
import { whenNear } from "../whenNear";
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
    run(editor) {
      const [id] = selectedIds(editor.client.getState());
      if (id !== undefined) whenNear(editor, id, () => editor.client.setState({ renaming: id }));
    },
  },
  {
    id: "edit.enter",
    title: "Go into the fields of the selected node",
    section: "Edit",
    keys: ["Enter"],
    enabled: ({ client, kernel }) =>
      client.getState().nodes.some((node) => node.selected) ||
      Object.keys(kernel.getState().document.nodes).length === 0,
    run(editor) {
      const [id] = selectedIds(editor.client.getState());
      if (id === undefined) focusFirst(editor.root.querySelector(".nb-starters"));
      else enterCard(editor, id);
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

/** A folded card opens, a note is written, of any other the first field has the keyboard. */
function enterCard(editor: EditorContextValue, id: string): void {
  const node = editor.kernel.getState().document.nodes[id];
  if (node?.view?.collapsed) editor.actions.collapse(id, false);
  whenNear(editor, id, (card) => {
    if (node?.type === NOTE_TYPE) editor.client.setState({ editingNote: id });
    else if (card.querySelector(".nb-body") !== null) focusFirst(card.querySelector(".nb-body"));
    // After the card has opened.
    else requestAnimationFrame(() => focusFirst(card.querySelector(".nb-body")));
  });
}

function focusFirst(part: Element | null): void {
  part?.querySelector<HTMLElement>("button, input, textarea, [tabindex='0']")?.focus({ preventScroll: true });
}
