/** Pausing before a node, and going on. */

import { selectedIds } from "../../state/client";
import type { Command } from "../commands/types";
import type { EditorContextValue } from "../context";
import { RunIcon } from "../icons";
import { pathOf } from "./show";

const selected = (editor: EditorContextValue) => selectedIds(editor.client.getState()).map((id) => pathOf(editor, id));

const allPause = (editor: EditorContextValue) => {
  const { breaks } = editor.kernel.getState().queue;
  const paths = selected(editor);
  return paths.length > 0 && paths.every((path) => breaks.includes(path));
};

export const BREAK_COMMANDS: readonly Command[] = [
  {
    id: "run.resume",
    title: "Resume the paused run",
    section: "Run",
    keys: ["Mod+F8"],
    where: "anywhere",
    icon: RunIcon,
    enabled: ({ kernel }) => kernel.getState().run.state === "paused",
    run: ({ session }) => session.ask({ type: "resume" }),
  },
  {
    id: "run.break",
    title: "Pause here",
    section: "Run",
    keys: ["Shift+F9"],
    where: "controls",
    label: (editor) => (allPause(editor) ? "Do not pause here" : "Pause here"),
    enabled: ({ client }) => client.getState().nodes.some((node) => node.selected),
    checked: allPause,
    run(editor) {
      const on = !allPause(editor);
      for (const node of selected(editor)) editor.session.ask({ type: "break", node, on });
    },
  },
];
