import { memo } from "react";
import { count } from "../graph/compose";
import { isBusy } from "../protocol";
import { useClient, useEditor, useKernel } from "./context";
import { fitView } from "./fit";
import { AddIcon, FitIcon, RedoIcon, RunIcon, StopIcon, UndoIcon } from "./icons";
import { openPalette } from "./openPalette";
import { runText } from "./words";

/** Run first, then Cancel, what is going on, and the tools. */
export const Toolbar = memo(function Toolbar() {
  const editor = useEditor();
  const { session, actions } = editor;
  const busy = useKernel((state) => isBusy(state.run));
  const cancelling = useClient((state) => state.cancelling);
  const stuck = useClient((state) => state.stuck);
  const ready = useKernel((state) => state.loaded);
  const empty = useKernel((state) => Object.keys(state.document.nodes).length === 0);
  const history = useKernel((state) => state.history);
  return (
    <div className="nb-toolbar" role="toolbar" aria-label="Graph">
      <button
        type="button"
        className="nb-button nb-button--first"
        data-testid="nb-run"
        disabled={!ready || empty}
        aria-label="Run"
        title="Run the graph (Ctrl+Enter)"
        onClick={() => session.run(null)}
      >
        <RunIcon />
        <span className="nb-button-label">Run</span>
      </button>
      <button
        type="button"
        className="nb-button"
        data-testid="nb-cancel"
        disabled={!busy || (cancelling && !stuck)}
        aria-label={stuck ? "Give up" : "Cancel"}
        title={stuck ? "End the run without the node that does not react; the kernel goes on" : "Cancel the run"}
        onClick={actions.cancel}
      >
        <StopIcon />
        <span className="nb-button-label">{stuck ? "Give up" : "Cancel"}</span>
      </button>
      <RunState />
      <span className="nb-spring" />
      <ToolButton
        id="nb-undo"
        label={history.undo ? `Undo ${history.undo} (Ctrl+Z)` : "Nothing to undo"}
        disabled={history.undo === null}
        onClick={session.undo}
      >
        <UndoIcon />
      </ToolButton>
      <ToolButton
        id="nb-redo"
        label={history.redo ? `Redo ${history.redo} (Ctrl+Shift+Z)` : "Nothing to redo"}
        disabled={history.redo === null}
        onClick={session.redo}
      >
        <RedoIcon />
      </ToolButton>
      <ToolButton id="nb-add" label="Add a node (Tab)" disabled={!ready} onClick={() => openPalette(editor, null)}>
        <AddIcon />
      </ToolButton>
      <ToolButton id="nb-fit" label="Show the whole graph (F)" disabled={empty} onClick={() => fitView(editor)}>
        <FitIcon />
      </ToolButton>
    </div>
  );
});

interface ToolButtonProps {
  readonly id: string;
  readonly label: string;
  readonly disabled: boolean;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

function ToolButton({ id, label, disabled, onClick, children }: ToolButtonProps) {
  return (
    <button
      type="button"
      className="nb-button nb-button--icon"
      data-testid={id}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

/** "Running 3/8", "Done in 1.2 s", "Failed: 1 node", and how many problems validation found. */
function RunState() {
  const editor = useEditor();
  const run = useKernel((state) => state.run);
  const cancelling = useClient((state) => state.cancelling);
  const stuck = useClient((state) => state.stuck);
  const failed = useKernel(
    (state) => Object.values(state.statuses).filter((status) => status.state === "failed").length,
  );
  const firstProblem = useKernel((state) => [...state.problems.keys()][0]);
  const problems = useKernel((state) => state.problems.size);
  const show = () => {
    if (firstProblem === undefined) return;
    editor.actions.select([firstProblem]);
    fitView(editor, [firstProblem]);
  };
  const text = stuck ? "A node does not react" : cancelling ? "Cancelling…" : runText(run, failed);
  return (
    <>
      <span className="nb-run-state" data-testid="nb-run-state" data-state={run.state} role="status" title={text}>
        {text}
      </span>
      {run.state === "running" && run.total > 0 && (
        <span className="nb-run-bar" aria-hidden="true">
          <span style={{ transform: `scaleX(${Math.min(1, run.finished / run.total)})` }} />
        </span>
      )}
      {problems > 0 && (
        <button type="button" className="nb-chip" data-testid="nb-problems" title="Show the first" onClick={show}>
          {count(problems, "node")} to fix
        </button>
      )}
    </>
  );
}
