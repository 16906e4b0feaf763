/** How cards look, and how much of the graph is in sight. */
import { savePreferences } from "../../state/preferences";
import type { EditorContextValue } from "../context";
import { isMinimapShown } from "../Minimap";
import { pickColor } from "../pickColor";
import { pickPortRows } from "../pickPortRows";
import { pickBoundInput, pickVariable } from "../pickVariable";
import type { Command } from "./types";

const PAN_PX = 80;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [PAN_PX, 0],
  ArrowRight: [-PAN_PX, 0],
  ArrowUp: [0, PAN_PX],
  ArrowDown: [0, -PAN_PX],
};

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);

export const LOOK_COMMANDS: readonly Command[] = [
  { id: "edit.color", title: "Colour…", section: "Edit", keys: ["Shift+C"], enabled: hasSelection, run: pickColor },
  {
    id: "edit.ports",
    title: "Show inputs as ports…",
    section: "Edit",
    enabled: hasSelection,
    run: (editor) => {
      const first = editor.client.getState().nodes.find((node) => node.selected);
      if (first !== undefined) pickPortRows(editor, first.id);
    },
  },
  {
    id: "input.bind",
    title: "From notebook…",
    section: "Edit",
    enabled: hasSelection,
    run: (editor) => {
      const { nodes, menuInput } = editor.client.getState();
      const first = nodes.find((node) => node.selected);
      if (first === undefined) return;
      if (menuInput?.node === first.id) void pickVariable(editor, first.id, menuInput.input);
      else pickBoundInput(editor, first.id);
    },
  },
  {
    id: "view.pan",
    title: "Move the view",
    section: "View",
    keys: Object.keys(ARROWS).map((key) => `Mod+${key}`),
    keysText: "Ctrl with arrow keys",
    where: "canvas",
    run({ flow }, event) {
      const viewport = flow.current?.getViewport();
      const [x, y] = ARROWS[event?.key ?? ""] ?? [0, 0];
      if (viewport) void flow.current?.setViewport({ ...viewport, x: viewport.x + x, y: viewport.y + y });
    },
  },
  {
    id: "view.zoomIn",
    title: "Zoom in",
    section: "View",
    keys: ["+", "="],
    run: ({ flow }) => void flow.current?.zoomIn(),
  },
  {
    id: "view.zoomOut",
    title: "Zoom out",
    section: "View",
    keys: ["-"],
    run: ({ flow }) => void flow.current?.zoomOut(),
  },
  {
    id: "view.zoomActual",
    title: "Zoom to 100 %",
    section: "View",
    keys: ["1"],
    run: ({ flow }) => void flow.current?.zoomTo(1),
  },
  {
    id: "view.minimap",
    title: "Minimap",
    section: "View",
    keys: ["M"],
    checked: ({ client }) => isMinimapShown(client.getState()),
    run({ client }) {
      const state = client.getState();
      const preferences = { ...state.preferences, minimap: !isMinimapShown(state) };
      client.setState({ preferences });
      savePreferences(preferences);
    },
  },
];
