import { savePreferences } from "../../state/preferences";
import { align, distribute, layOut, makeSameWidth, selectedBoxes, toggleCollapsed } from "../arranging";
import type { EditorContextValue } from "../context";
import { menuPlace } from "../menuPlace";
import { ALIGN_MENU } from "./menus";
import type { Command } from "./types";

const STEP = 8;
const BIG_STEP = 40;
/** Half of the distance of the canvas's dots. */
export const GRID = 12;
const ARROWS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

const atLeast = (least: number) => (editor: EditorContextValue) => selectedBoxes(editor, least).length > 0;

function arrange(id: string, title: string, least: number, run: (editor: EditorContextValue) => void): Command {
  return { id: `arrange.${id}`, title, section: "Arrange", enabled: atLeast(least), run };
}

/** A preference that is on or off. */
function toggle(name: "snap" | "guides", title: string): Command {
  return {
    id: `arrange.${name}`,
    title,
    section: "Arrange",
    checked: ({ client }) => client.getState().preferences[name],
    run({ client }) {
      const { preferences } = client.getState();
      const next = { ...preferences, [name]: !preferences[name] };
      client.setState({ preferences: next });
      savePreferences(next);
    },
  };
}

export const ARRANGE_COMMANDS: readonly Command[] = [
  {
    id: "arrange.nudge",
    title: "Move the selected nodes",
    section: "Arrange",
    keys: Object.keys(ARROWS).flatMap((key) => [key, `Shift+${key}`]),
    keysText: "Arrow keys, with Shift further",
    enabled: ({ client }) => client.getState().nodes.some((node) => node.selected),
    run({ actions, client }, event) {
      const arrow = ARROWS[event?.key ?? ""];
      const step = client.getState().preferences.snap ? GRID : STEP;
      const by = event?.shiftKey ? BIG_STEP : step;
      if (arrow) actions.nudge({ x: arrow.x * by, y: arrow.y * by });
    },
  },
  {
    id: "arrange.menu",
    title: "Align and distribute…",
    section: "Arrange",
    keys: ["Shift+A"],
    enabled: atLeast(2),
    run(editor) {
      editor.client.setState({ menu: { at: menuPlace(editor), items: ALIGN_MENU } });
    },
  },
  arrange("left", "Align left", 2, (editor) => align(editor, "left")),
  arrange("center", "Align centres", 2, (editor) => align(editor, "center")),
  arrange("right", "Align right", 2, (editor) => align(editor, "right")),
  arrange("top", "Align top", 2, (editor) => align(editor, "top")),
  arrange("middle", "Align middles", 2, (editor) => align(editor, "middle")),
  arrange("bottom", "Align bottom", 2, (editor) => align(editor, "bottom")),
  arrange("across", "Distribute across", 3, (editor) => distribute(editor, "horizontal")),
  arrange("down", "Distribute down", 3, (editor) => distribute(editor, "vertical")),
  arrange("width", "Make equally wide", 2, makeSameWidth),
  {
    id: "arrange.layout",
    title: "Lay out the selection, or the graph",
    section: "Arrange",
    keys: ["Shift+L"],
    enabled: ({ client }) => client.getState().nodes.length > 1,
    run: layOut,
  },
  {
    id: "arrange.collapse",
    title: "Collapse or expand the selection, or all",
    section: "Arrange",
    keys: ["Alt+C"],
    enabled: ({ client }) => client.getState().nodes.length > 0,
    run: toggleCollapsed,
  },
  toggle("snap", "Snap to the grid"),
  toggle("guides", "Guides while dragging"),
];
