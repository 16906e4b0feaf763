import { AddIcon } from "../icons";
import { openPalette } from "../openPalette";
import type { Command } from "./types";

export const ADD_COMMANDS: readonly Command[] = [
  {
    id: "add.node",
    title: "Add a node",
    section: "Add",
    keys: ["Tab"],
    icon: AddIcon,
    enabled: ({ kernel }) => kernel.getState().loaded,
    run: (editor) => openPalette(editor, null),
  },
];
