import { fitView } from "../fit";
import { FitIcon, HelpIcon } from "../icons";
import type { Command } from "./types";

export const VIEW_COMMANDS: readonly Command[] = [
  {
    id: "view.fit",
    title: "Show the whole graph",
    section: "View",
    keys: ["F"],
    icon: FitIcon,
    enabled: ({ kernel }) => Object.keys(kernel.getState().document.nodes).length > 0,
    run: (editor) => fitView(editor),
  },
  {
    id: "view.help",
    title: "Keys and what they do",
    section: "View",
    keys: ["?", "F1"],
    where: "controls",
    icon: HelpIcon,
    run: ({ client }) => client.setState({ helpOpen: true }),
  },
];
