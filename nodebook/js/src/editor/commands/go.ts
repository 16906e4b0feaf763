/** Ways through the graph and the editor without a pointer. */
import { selectedIds } from "../../state/client";
import type { EditorContextValue } from "../context";
import { focused, goToPart, nodeOfElement } from "../focus";
import { menuPlace } from "../menuPlace";
import { follow, pickNode, pickPort } from "../pickLinks";
import { CARD_MENU, PANE_MENU } from "./menus";
import type { Command } from "./types";

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);
const firstSelected = ({ client }: EditorContextValue) => selectedIds(client.getState())[0];

/** Enabled without a selection too: the browser would go back a page. */
function followFrom(editor: EditorContextValue, way: "sources" | "targets"): void {
  const id = firstSelected(editor);
  if (id === undefined) editor.actions.selectNext(1);
  else follow(editor, id, way);
}

export const GO_COMMANDS: readonly Command[] = [
  {
    id: "select.sources",
    title: "Go to what feeds the node",
    section: "Select",
    keys: ["Alt+ArrowLeft"],
    run: (editor) => followFrom(editor, "sources"),
  },
  {
    id: "select.targets",
    title: "Go to what the node feeds",
    section: "Select",
    keys: ["Alt+ArrowRight"],
    run: (editor) => followFrom(editor, "targets"),
  },
  {
    id: "select.find",
    title: "Find a node in the graph…",
    section: "Select",
    keys: ["/"],
    enabled: ({ client }) => client.getState().nodes.length > 0,
    run: pickNode,
  },
  {
    id: "select.more",
    title: "Select the next node too, or the one before",
    section: "Select",
    keys: ["Alt+Shift+ArrowDown", "Alt+Shift+ArrowUp"],
    enabled: ({ client }) => client.getState().nodes.length > 0,
    run: (editor, event) => selectMore(editor, event?.key === "ArrowUp" ? -1 : 1),
  },
  {
    id: "edit.connect",
    title: "Connect or disconnect…",
    section: "Edit",
    keys: ["C"],
    enabled: hasSelection,
    run: (editor) => pickPort(editor, firstSelected(editor) as string),
  },
  {
    id: "view.menu",
    title: "Open the menu of what is selected",
    section: "View",
    keys: ["Shift+F10", "ContextMenu"],
    where: "controls",
    run: openMenu,
  },
  {
    id: "view.nextPart",
    title: "Go to the next part: toolbar, canvas, panel",
    section: "View",
    keys: ["F6"],
    where: "anywhere",
    run: ({ root }) => goToPart(root, 1),
  },
  {
    id: "view.previousPart",
    title: "Go to the part before",
    section: "View",
    keys: ["Shift+F6"],
    where: "anywhere",
    run: ({ root }) => goToPart(root, -1),
  },
];

/** From the end of what is selected in document order. */
function selectMore({ client, actions }: EditorContextValue, step: 1 | -1): void {
  const { nodes } = client.getState();
  const isSelected = (node: { selected?: boolean }) => node.selected === true;
  const at = step === 1 ? nodes.findLastIndex(isSelected) : nodes.findIndex(isSelected);
  const next = at < 0 ? nodes[0] : nodes[at + step];
  if (next !== undefined) actions.select([...selectedIds(client.getState()), next.id]);
}

/** Of the node that has the keyboard, else of the selection, else of the canvas. */
function openMenu(editor: EditorContextValue): void {
  const { client, actions, root } = editor;
  const here = focused(root);
  const own = nodeOfElement(here);
  if (own !== null && !selectedIds(client.getState()).includes(own)) actions.select([own]);
  const items = (own ?? firstSelected(editor)) === undefined ? PANE_MENU : CARD_MENU;
  client.setState({ menu: { at: menuPlace(editor), items, returnTo: here }, palette: null });
}
