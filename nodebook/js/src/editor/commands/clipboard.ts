import { copySelection, cutSelection, pasteFromClipboard } from "../clipboard";
import type { EditorContextValue } from "../context";
import type { Command } from "./types";

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);
const isLoaded = ({ kernel }: EditorContextValue) => kernel.getState().loaded;

/** The keys are the browser's: clipboard.ts hears of them as events. */
export const CLIPBOARD_COMMANDS: readonly Command[] = [
  {
    id: "edit.copy",
    title: "Copy",
    section: "Edit",
    keys: ["Mod+C"],
    native: true,
    enabled: hasSelection,
    run: (editor) => copySelection(editor, "nodebook"),
  },
  {
    id: "edit.cut",
    title: "Cut",
    section: "Edit",
    keys: ["Mod+X"],
    native: true,
    enabled: hasSelection,
    run: cutSelection,
  },
  {
    id: "edit.paste",
    title: "Paste",
    section: "Edit",
    keys: ["Mod+V"],
    native: true,
    enabled: isLoaded,
    run: (editor) => void pasteFromClipboard(editor, false),
  },
  {
    id: "edit.paste-linked",
    title: "Paste with the links from outside",
    section: "Edit",
    keys: ["Mod+Shift+V"],
    native: true,
    enabled: isLoaded,
    run: (editor) => void pasteFromClipboard(editor, true),
  },
  {
    id: "edit.copy-comfy",
    title: "Copy as ComfyUI workflow",
    section: "Edit",
    enabled: hasSelection,
    run: (editor) => copySelection(editor, "ComfyUI"),
  },
];
