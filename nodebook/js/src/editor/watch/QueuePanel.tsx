import { type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { count } from "../../graph/compose";
import type { EndedRun, QueuedRun } from "../../protocol";
import { useEditor, useKernel } from "../context";
import { CloseIcon, RunIcon, StateIcon, StopIcon } from "../icons";
import { leftText, secondsText } from "../words";
import { GripIcon, PauseIcon, RestoreIcon } from "./icons";
import { useLeft } from "./useLeft";

/** What runs, what waits and what has run, of all graphs of the kernel. */
export function QueuePanel() {
  const { session } = useEditor();
  const queue = useKernel((state) => state.queue);
  const { running, pending, waiting, recent, paused } = queue;
  return (
    <div className="nb-queue">
      <div className="nb-panel-tools">
        <button
          type="button"
          className="nb-button"
          data-testid="nb-queue-pause"
          aria-pressed={paused}
          title={paused ? "Start runs again" : "Start no further run; what runs goes on"}
          onClick={() => session.ask({ type: "queue_pause", on: !paused })}
        >
          {paused ? <RunIcon /> : <PauseIcon />}
          {paused ? "Resume" : "Pause"}
        </button>
        <button
          type="button"
          className="nb-button"
          data-testid="nb-queue-clear"
          title="Cancel all runs that wait, of all graphs"
          disabled={waiting === 0}
          onClick={() => session.ask({ type: "queue_clear" })}
        >
          <CloseIcon />
          Clear
        </button>
      </div>
      <h3>Running</h3>
      {running.length === 0 && <p className="nb-muted">{paused ? "Nothing: the queue is paused." : "Nothing."}</p>}
      {running.map((run) => (
        <RunningRow key={run.id} run={run} />
      ))}
      <h3>Waiting{waiting > 0 && `: ${waiting}`}</h3>
      <WaitingRows pending={pending} />
      {waiting > pending.length && <p className="nb-muted">and {waiting - pending.length} more</p>}
      <h3>Finished</h3>
      {recent.length === 0 && <p className="nb-muted">Nothing has run yet.</p>}
      <ul className="nb-list">
        {recent.toReversed().map((run) => (
          <EndedRow key={run.id} run={run} />
        ))}
      </ul>
    </div>
  );
}

function nameOf({ graph, mine }: QueuedRun | EndedRun): string {
  return mine ? "This graph" : (graph ?? "A graph without a name");
}

function RunningRow({ run }: { readonly run: QueuedRun }) {
  const { session } = useEditor();
  const state = useKernel((kernel) => kernel.run);
  const own = state.id === run.id;
  const left = useLeft(own ? state.left : null, state);
  const words = [own && state.total > 0 ? `${state.finished}/${state.total}` : count(run.nodes, "node")];
  if (left !== null) words.push(leftText(left));
  return (
    <div className="nb-list-row" data-run={run.id}>
      <StateIcon state={run.state} />
      <span className="nb-list-name">
        {nameOf(run)}
        {run.state === "paused" && ", paused"}
      </span>
      <span className="nb-muted">{words.join(", ")}</span>
      <button
        type="button"
        className="nb-icon-button"
        aria-label={`Cancel run ${run.id}`}
        title="Cancel"
        onClick={() => session.ask({ type: "queue_cancel", job: run.id })}
      >
        <StopIcon />
      </button>
    </div>
  );
}

/** Rows are moved by dragging, or with Alt and the arrow keys; Delete cancels one. */
function WaitingRows({ pending }: { readonly pending: readonly QueuedRun[] }) {
  const { session } = useEditor();
  const list = useRef<HTMLUListElement>(null);
  const dragged = useRef<string | null>(null);
  const [over, setOver] = useState<number | null>(null);
  if (pending.length === 0) return <p className="nb-muted">Nothing.</p>;
  const move = (job: string, position: number) => session.ask({ type: "queue_move", job, position });
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const job = pending[at]?.id;
    if (job === undefined) return;
    if (event.key === "Delete") session.ask({ type: "queue_cancel", job });
    else if (step === 0) return;
    else if (event.altKey) move(job, Math.max(0, Math.min(pending.length - 1, at + step)));
    else list.current?.querySelectorAll<HTMLElement>("li")[at + step]?.focus();
    event.preventDefault();
  };
  const onDrop = (event: DragEvent, at: number) => {
    event.preventDefault();
    if (dragged.current !== null) move(dragged.current, at);
    dragged.current = null;
    setOver(null);
  };
  return (
    <ul ref={list} className="nb-list" data-testid="nb-queue-waiting">
      {pending.map((run, at) => (
        <li
          key={run.id}
          className="nb-list-row nb-list-row--moves"
          data-run={run.id}
          data-over={over === at || undefined}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: rows are moved by keys
          tabIndex={0}
          aria-label={`Run ${run.id}, place ${at + 1} of ${pending.length}. Alt and arrow keys move it, Delete cancels it`}
          draggable
          onKeyDown={(event) => onKeyDown(event, at)}
          onDragStart={() => {
            dragged.current = run.id;
          }}
          onDragOver={(event) => {
            if (dragged.current === null) return;
            event.preventDefault();
            setOver(at);
          }}
          onDragEnd={() => setOver(null)}
          onDrop={(event) => onDrop(event, at)}
        >
          <GripIcon />
          <span className="nb-list-name">{nameOf(run)}</span>
          <span className="nb-muted">{count(run.nodes, "node")}</span>
          <button
            type="button"
            className="nb-icon-button"
            tabIndex={-1}
            aria-label={`Cancel run ${run.id}`}
            title="Cancel"
            onClick={() => session.ask({ type: "queue_cancel", job: run.id })}
          >
            <CloseIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}

function EndedRow({ run }: { readonly run: EndedRun }) {
  const { session } = useEditor();
  const parts = [`${run.executed} ran`, `${run.cached} cached`];
  if (run.failed > 0) parts.push(`${run.failed} failed`);
  const when = new Date(run.finished * 1000).toLocaleTimeString();
  return (
    <li
      className="nb-list-row"
      data-run={run.id}
      data-state={run.state}
      title={`Run ${run.id}: ${run.state} at ${when}`}
    >
      <StateIcon state={run.state === "abandoned" ? "failed" : run.state} />
      <span className="nb-list-two">
        <span className="nb-list-name">
          {nameOf(run)}, {run.state}
        </span>
        <span className="nb-muted">
          {when}, {secondsText(run.seconds)}: {parts.join(", ")}
        </span>
      </span>
      {run.mine && (
        <button
          type="button"
          className="nb-icon-button"
          aria-label={`Restore the graph of run ${run.id}`}
          title="Make the graph as it was in this run; undo takes it back"
          onClick={() => session.ask({ type: "restore", job: run.id })}
        >
          <RestoreIcon />
        </button>
      )}
    </li>
  );
}
