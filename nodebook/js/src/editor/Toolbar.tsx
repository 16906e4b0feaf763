import { memo, useRef } from "react";
import { MORE_MENU } from "./commands/menus";
import { useCommand } from "./commands/useCommand";
import { useClient, useKernel } from "./context";
import { MoreIcon, RunIcon, StopIcon } from "./icons";
import { MenuButton } from "./MenuButton";
import { RunState } from "./RunState";
import { useRoving } from "./useRoving";
import { AutoRunButton, QueueChip, RunMenuButton } from "./watch/RunControls";

/** Run first, then Cancel, what is going on, and the tools. */
export const Toolbar = memo(function Toolbar() {
  const bar = useRef<HTMLDivElement>(null);
  useRoving(bar);
  return (
    <div ref={bar} className="nb-toolbar" role="toolbar" aria-label="Graph">
      <RunButton />
      <RunMenuButton />
      <CancelButton />
      <AutoRunButton />
      <RunState />
      <QueueChip />
      <span className="nb-spring" />
      <ToolButton testid="nb-queue" command="panel.queue" isWide />
      <ToolButton testid="nb-plan-button" command="panel.plan" isWide />
      <ToolButton testid="nb-undo" command="edit.undo" />
      <ToolButton testid="nb-redo" command="edit.redo" />
      <ToolButton testid="nb-add" command="add.node" />
      <ToolButton testid="nb-fit" command="view.fit" />
      <ToolButton testid="nb-fullscreen" command="view.fullscreen" isWide />
      <MenuButton testid="nb-more" label="More" items={MORE_MENU} side="right">
        <MoreIcon />
      </MenuButton>
    </div>
  );
});

/** Run; of a paused run, Resume. */
function RunButton() {
  const paused = useKernel((state) => state.run.state === "paused");
  return paused ? <ResumeButton /> : <StartButton />;
}

function ResumeButton() {
  const { label, enabled, run } = useCommand("run.resume");
  return (
    <button
      type="button"
      className="nb-button nb-button--first"
      data-testid="nb-resume"
      disabled={!enabled}
      aria-label="Resume"
      title={label}
      onClick={run}
    >
      <RunIcon />
      <span className="nb-button-label">Resume</span>
    </button>
  );
}

function StartButton() {
  const { label, enabled, run } = useCommand("run.all");
  return (
    <button
      type="button"
      className="nb-button nb-button--first"
      data-testid="nb-run"
      disabled={!enabled}
      aria-label="Run"
      title={label}
      onClick={run}
    >
      <RunIcon />
      <span className="nb-button-label">Run</span>
    </button>
  );
}

function CancelButton() {
  const { enabled, run } = useCommand("run.cancel");
  const stuck = useClient((state) => state.stuck);
  return (
    <button
      type="button"
      className="nb-button"
      data-testid="nb-cancel"
      disabled={!enabled}
      aria-label={stuck ? "Give up" : "Cancel"}
      title={stuck ? "End the run without the node that does not react; the kernel goes on" : "Cancel the run"}
      onClick={run}
    >
      <StopIcon />
      <span className="nb-button-label">{stuck ? "Give up" : "Cancel"}</span>
    </button>
  );
}

interface ToolProps {
  readonly testid: string;
  readonly command: string;
  /** Not where the toolbar is narrow: it is in the last menu too. */
  readonly isWide?: boolean;
}

/** `icon` of the command, its label as the name and the tip. */
function ToolButton({ testid, command: id, isWide = false }: ToolProps) {
  const { command, label, enabled, checked, run } = useCommand(id);
  return (
    <button
      type="button"
      className={isWide ? "nb-button nb-button--icon nb-wide-only" : "nb-button nb-button--icon"}
      data-testid={testid}
      aria-label={label}
      aria-pressed={checked}
      title={label}
      disabled={!enabled}
      onClick={run}
    >
      {command.icon && <command.icon />}
    </button>
  );
}
