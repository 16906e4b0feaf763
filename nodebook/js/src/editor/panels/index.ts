/** What the panel at the side can show. Each is opened by its command `panel.<id>`; what it holds is in SidePanel. */
import type { ReactNode } from "react";
import type { Command, Section } from "../commands/types";
import { LegendIcon, LibraryIcon } from "../findIcons";
import { goInto } from "../focus";
import { ListIcon } from "../list/icons";
import { LogIcon, PlanIcon, QueueIcon, TimesIcon } from "../watch/icons";

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly section: Section;
  readonly keys?: readonly string[];
  readonly icon: () => ReactNode;
}

export const PANELS: readonly Panel[] = [
  { id: "library", title: "Library of nodes", section: "Add", keys: ["N"], icon: LibraryIcon },
  { id: "legend", title: "Wires and their types", section: "View", icon: LegendIcon },
  { id: "list", title: "List of nodes", section: "View", keys: ["Alt+L"], icon: ListIcon },
  { id: "queue", title: "Queue", section: "Run", keys: ["Q"], icon: QueueIcon },
  { id: "plan", title: "Plan", section: "Run", keys: ["P"], icon: PlanIcon },
  { id: "log", title: "Log", section: "Run", keys: ["O"], icon: LogIcon },
  { id: "times", title: "Time and memory", section: "Run", keys: ["T"], icon: TimesIcon },
];

/** Opens a panel, or closes it where it is open. */
function panelCommand({ id, title, section, keys, icon }: Panel): Command {
  return {
    id: `panel.${id}`,
    title,
    section,
    ...(keys && { keys }),
    where: "controls",
    icon,
    checked: ({ client }) => client.getState().panel === id,
    run({ client, root }, event) {
      client.setState((state) => ({ panel: state.panel === id ? null : id }));
      if (client.getState().panel === null) root.focus({ preventScroll: true });
      // Whoever opens it with a key goes into it; a click on a button leaves the keyboard there.
      else if (event !== undefined) requestAnimationFrame(() => goInto(root, ".nb-panel"));
    },
  };
}

export const PANEL_COMMANDS: readonly Command[] = PANELS.map(panelCommand);
