import { selectedIds } from "../../state/client";
import type { EditorContextValue } from "../context";
import { reveal } from "../fit";
import { canvasOf, focused } from "../focus";
import { leave } from "../guard";
import { leaveFull } from "../watch/fullscreen";
import type { Command } from "./types";

function selectNext(editor: EditorContextValue, step: 1 | -1): void {
  const id = editor.actions.selectNext(step);
  if (id !== undefined) reveal(editor, id);
}

export const SELECT_COMMANDS: readonly Command[] = [
  {
    id: "select.all",
    title: "Select all",
    section: "Select",
    keys: ["Mod+A"],
    run: ({ actions }) => actions.selectAll(),
  },
  {
    id: "select.next",
    title: "Select the next node",
    section: "Select",
    keys: ["Alt+ArrowDown"],
    run: (editor) => selectNext(editor, 1),
  },
  {
    id: "select.previous",
    title: "Select the node before",
    section: "Select",
    keys: ["Alt+ArrowUp"],
    run: (editor) => selectNext(editor, -1),
  },
  {
    id: "select.leave",
    title: "Close what is open, go back to the canvas, drop the selection, then leave for the notebook",
    section: "Select",
    keys: ["Escape"],
    where: "anywhere",
    run: onEscape,
  },
];

function onEscape(editor: EditorContextValue): void {
  const { client, actions, root } = editor;
  const state = client.getState();
  if (state.menu !== null) client.setState({ menu: null });
  else if (state.picker !== null) client.setState({ picker: null });
  else if (state.helpOpen) client.setState({ helpOpen: false });
  else if (state.palette !== null) client.setState({ palette: null });
  else if (state.enlarged !== null) client.setState({ enlarged: null });
  else if (focused(root) !== canvasOf(root)) root.focus({ preventScroll: true });
  else if (selectedIds(state).length > 0) actions.select([]);
  else if (state.full) void leaveFull(editor);
  else leave(root);
}
