import type { GraphDocument } from "../../graph/document";
import { NOTE_TYPE } from "../../graph/library";
import { connected, downstream, upstream } from "../../graph/neighbours";
import { selectedIds } from "../../state/client";
import { remembered } from "../../state/remembered";
import type { EditorContextValue } from "../context";
import { openPalette, openReplacements } from "../openPalette";
import type { Command } from "./types";

const hasSelection = ({ client }: EditorContextValue) => client.getState().nodes.some((node) => node.selected);

/** The selected node, if it is the only one and one that can be replaced. */
function onlySelected({ client, kernel }: EditorContextValue): string | null {
  const [only, ...more] = selectedIds(client.getState());
  if (only === undefined || more.length > 0) return null;
  return kernel.getState().document.nodes[only]?.type === NOTE_TYPE ? null : only;
}

type Spread = (document: GraphDocument, ids: Iterable<string>) => Set<string>;

const spreadCommand = (id: string, title: string, spread: Spread): Command => ({
  id,
  title,
  section: "Select",
  enabled: hasSelection,
  run: ({ kernel, client, actions }) =>
    actions.select([...spread(kernel.getState().document, selectedIds(client.getState()))]),
});

function sameType({ nodes }: GraphDocument, ids: Iterable<string>): Set<string> {
  const types = new Set([...ids].map((id) => nodes[id]?.type));
  return new Set(Object.keys(nodes).filter((id) => types.has(nodes[id]?.type)));
}

export const FIND_COMMANDS: readonly Command[] = [
  {
    id: "find.command",
    title: "Find a command",
    section: "Add",
    keys: [">"],
    enabled: ({ kernel }) => kernel.getState().loaded,
    run: (editor) => openPalette(editor, null, { query: ">" }),
  },
  {
    id: "edit.replace",
    title: "Replace by another node",
    section: "Edit",
    keys: ["Shift+R"],
    enabled: (editor) => onlySelected(editor) !== null,
    run(editor) {
      const id = onlySelected(editor);
      if (id !== null) openReplacements(editor, id);
    },
  },
  spreadCommand("select.upstream", "Select what feeds the selection", upstream),
  spreadCommand("select.downstream", "Select what the selection feeds", downstream),
  spreadCommand("select.connected", "Select all that is connected", connected),
  spreadCommand("select.type", "Select nodes of the same type", sameType),
  {
    id: "select.touch",
    title: "Lasso selects what it touches",
    section: "Select",
    checked: () => remembered.getState().touch,
    run: () => remembered.setTouch(!remembered.getState().touch),
  },
];
