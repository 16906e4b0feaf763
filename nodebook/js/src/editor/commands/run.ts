import { isBusy } from "../../protocol";
import { selectedIds } from "../../state/client";
import type { EditorContextValue } from "../context";
import { RunIcon, StopIcon } from "../icons";
import type { Command } from "./types";

/** A field that is being typed in sends its text first. */
function settle({ root }: EditorContextValue, event?: KeyboardEvent): void {
  if (event !== undefined) root.focus({ preventScroll: true });
}

const canRun = ({ kernel }: EditorContextValue) => {
  const { loaded, document } = kernel.getState();
  return loaded && Object.keys(document.nodes).length > 0;
};

export const RUN_COMMANDS: readonly Command[] = [
  {
    id: "run.all",
    title: "Run the graph",
    section: "Run",
    keys: ["Mod+Enter"],
    where: "anywhere",
    icon: RunIcon,
    enabled: canRun,
    run(editor, event) {
      settle(editor, event);
      editor.session.run(null);
    },
  },
  {
    id: "run.selected",
    title: "Run up to the selected nodes",
    section: "Run",
    keys: ["Mod+Shift+Enter"],
    where: "anywhere",
    icon: RunIcon,
    enabled: canRun,
    run(editor, event) {
      settle(editor, event);
      const chosen = selectedIds(editor.client.getState());
      editor.session.run(chosen.length > 0 ? chosen : null);
    },
  },
  {
    id: "run.cancel",
    title: "Cancel the run",
    section: "Run",
    icon: StopIcon,
    enabled: ({ kernel, client }) => {
      const { cancelling, stuck } = client.getState();
      return isBusy(kernel.getState().run) && (!cancelling || stuck);
    },
    run: ({ actions }) => actions.cancel(),
  },
];
