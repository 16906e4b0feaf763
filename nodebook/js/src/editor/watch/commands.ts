/** What a person can ask for while a graph runs. */

import { pushNotice, selectedIds } from "../../state/client";
import { failingPaths, nextOf } from "../../state/failures";
import type { Command } from "../commands/types";
import type { EditorContextValue } from "../context";
import { WarningIcon } from "../icons";
import { BREAK_COMMANDS } from "./breaks";
import { toggleFull } from "./fullscreen";
import { AutoRunIcon, FullscreenIcon, LogIcon, PauseIcon, TabIcon } from "./icons";
import { isInOwnTab, openTab } from "./ownTab";
import { PREVIEW_COMMANDS } from "./previews";
import { pathOf, showNode } from "./show";

const canRun = ({ kernel }: EditorContextValue) => {
  const { loaded, document } = kernel.getState();
  return loaded && Object.keys(document.nodes).length > 0;
};

export const WATCH_RUN_COMMANDS: readonly Command[] = [
  {
    id: "run.front",
    title: "Run before all that waits",
    section: "Run",
    keys: ["Mod+Alt+Enter"],
    where: "anywhere",
    enabled: canRun,
    run(editor, event) {
      if (event !== undefined) editor.root.focus({ preventScroll: true });
      editor.session.run(null, { front: true });
    },
  },
  {
    id: "run.times",
    title: "Run several times…",
    section: "Run",
    keys: ["Alt+Enter"],
    where: "anywhere",
    enabled: canRun,
    run: ({ client }) => client.setState({ askingTimes: true, menu: null }),
  },
  {
    id: "run.auto",
    title: "Run on change",
    section: "Run",
    keys: ["Alt+A"],
    where: "controls",
    icon: AutoRunIcon,
    label: ({ kernel }) =>
      kernel.getState().queue.auto_run ? "Runs after each change: click to stop that" : "Run after each change",
    enabled: ({ kernel }) => kernel.getState().loaded,
    checked: ({ kernel }) => kernel.getState().queue.auto_run,
    run: ({ kernel, session }) => session.ask({ type: "auto_run", on: !kernel.getState().queue.auto_run }),
  },
  {
    id: "queue.pause",
    title: "Pause the queue",
    section: "Run",
    icon: PauseIcon,
    label: ({ kernel }) => (kernel.getState().queue.paused ? "Start runs again" : "Start no further run"),
    checked: ({ kernel }) => kernel.getState().queue.paused,
    run: ({ kernel, session }) => session.ask({ type: "queue_pause", on: !kernel.getState().queue.paused }),
  },
  ...BREAK_COMMANDS,
  ...PREVIEW_COMMANDS,
  {
    id: "errors.next",
    title: "Show the next error",
    section: "Run",
    keys: ["F8", "J"],
    where: "controls",
    icon: WarningIcon,
    run: showNextError,
  },
];

export const WATCH_VIEW_COMMANDS: readonly Command[] = [
  {
    id: "log.node",
    title: "Show what the node wrote",
    section: "View",
    icon: LogIcon,
    enabled: ({ client }) => client.getState().nodes.some((node) => node.selected),
    run(editor) {
      const [id] = selectedIds(editor.client.getState());
      editor.client.setState({ logNode: id === undefined ? null : pathOf(editor, id), panel: "log" });
    },
  },
  {
    id: "view.fullscreen",
    title: "Fill the screen",
    section: "View",
    keys: ["Shift+F"],
    icon: FullscreenIcon,
    label: ({ client }) => (client.getState().full ? "Back into the notebook" : "Fill the screen"),
    checked: ({ client }) => client.getState().full,
    run: toggleFull,
  },
  {
    id: "view.tab",
    title: "Open in a tab of its own",
    section: "View",
    icon: TabIcon,
    enabled: ({ root }) => !isInOwnTab(root),
    run: (editor) => void openTab(editor),
  },
];

function showNextError(editor: EditorContextValue): void {
  const paths = failingPaths(editor.scope.whole.kernel.getState());
  const selected = selectedIds(editor.client.getState()).map((id) => pathOf(editor, id));
  const next = nextOf(
    paths,
    selected.find((path) => paths.includes(path)),
  );
  if (next === undefined) pushNotice(editor.client, "info", "Nothing failed, and nothing is to be fixed.");
  else showNode(editor, next);
}
