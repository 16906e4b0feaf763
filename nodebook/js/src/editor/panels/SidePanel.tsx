import type { ComponentType } from "react";
import { useClient, useEditor } from "../context";
import { CloseIcon } from "../icons";
import { ListPanel } from "../list/ListPanel";
import { LogPanel } from "../watch/LogPanel";
import { PlanPanel } from "../watch/PlanPanel";
import { QueuePanel } from "../watch/QueuePanel";
import { TimesPanel } from "../watch/TimesPanel";
import { PANELS } from ".";
import { LegendPanel } from "./LegendPanel";
import { LibraryPanel } from "./LibraryPanel";

/** What each panel holds, by its id. */
const CONTENTS: Readonly<Record<string, ComponentType>> = {
  library: LibraryPanel,
  legend: LegendPanel,
  list: ListPanel,
  queue: QueuePanel,
  plan: PlanPanel,
  log: LogPanel,
  times: TimesPanel,
};

/** The panel beside the canvas, if one is open. */
export function SidePanel() {
  const { client, root } = useEditor();
  const open = useClient((state) => state.panel);
  const panel = PANELS.find((one) => one.id === open);
  const Content = CONTENTS[open ?? ""];
  if (panel === undefined || Content === undefined) return null;
  const close = () => {
    client.setState({ panel: null });
    root.focus({ preventScroll: true });
  };
  return (
    <aside className="nb-panel" aria-label={panel.title} data-testid={`nb-panel-${panel.id}`}>
      <header className="nb-panel-header">
        <h2>{panel.title}</h2>
        <button type="button" className="nb-icon-button" aria-label={`Close ${panel.title}`} onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <div className="nb-panel-content nowheel">
        <Content />
      </div>
    </aside>
  );
}
