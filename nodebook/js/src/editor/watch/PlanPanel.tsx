import { useEffect, useState } from "react";
import { count } from "../../graph/compose";
import type { PlanMessage, PlanRow } from "../../protocol";
import { selectedIds } from "../../state/client";
import { useEditor, useKernel } from "../context";
import { StateIcon } from "../icons";
import { bytesText, secondsText } from "../words";
import { showNode } from "./show";

const QUIET_MS = 300;
const SHAPES: Readonly<Record<PlanRow["action"], string>> = {
  run: "queued",
  cached: "cached",
  blocked: "blocked",
  "if asked": "skipped",
  muted: "skipped",
  bypassed: "skipped",
};
const WORDS: Readonly<Record<PlanRow["action"], string>> = {
  run: "Runs",
  cached: "Cached",
  blocked: "Cannot run",
  "if asked": "Only if asked",
  muted: "Muted",
  bypassed: "Bypassed",
};

/** What a run would do now: which nodes, why, and what it is expected to cost. */
export function PlanPanel() {
  const [onlySelected, setOnlySelected] = useState(false);
  useFreshPlan(onlySelected);
  const plan = useKernel((state) => state.plan);
  return (
    <div className="nb-plan" data-testid="nb-plan">
      <div className="nb-panel-tools">
        <button
          type="button"
          className="nb-button"
          data-testid="nb-plan-selected"
          aria-pressed={onlySelected}
          title="Plan a run up to the selected nodes"
          onClick={() => setOnlySelected(!onlySelected)}
        >
          Up to the selection
        </button>
      </div>
      {plan === null ? <p className="nb-muted">Asking the kernel…</p> : <PlanRows plan={plan} />}
    </div>
  );
}

function PlanRows({ plan }: { readonly plan: PlanMessage }) {
  return (
    <>
      <p className="nb-plan-summary" role="status">
        {summary(plan)}
      </p>
      <ul className="nb-list">
        {plan.rows.map((row) => (
          <Row key={row.node} row={row} />
        ))}
      </ul>
      {plan.total > plan.rows.length && <p className="nb-muted">and {plan.total - plan.rows.length} more nodes</p>}
    </>
  );
}

function Row({ row }: { readonly row: PlanRow }) {
  const editor = useEditor();
  const costs = [row.seconds !== null && secondsText(row.seconds), row.bytes !== null && bytesText(row.bytes)];
  const why = row.changes.length > 0 ? row.changes.map(changeText).join("; ") : row.reason;
  return (
    <li>
      <button
        type="button"
        className="nb-list-row nb-list-button"
        data-plan-node={row.node}
        data-action={row.action}
        title={`${WORDS[row.action]}: ${row.reason}`}
        onClick={() => showNode(editor, row.node)}
      >
        <StateIcon state={SHAPES[row.action]} />
        <span className="nb-list-two">
          <span className="nb-list-name">{row.title}</span>
          <span className="nb-muted">
            {WORDS[row.action]}
            {why && `: ${why}`}
          </span>
        </span>
        <span className="nb-muted nb-list-cost">{costs.filter(Boolean).join(", ")}</span>
      </button>
    </li>
  );
}

function changeText([what, before, now]: PlanRow["changes"][number]): string {
  if (before === null) return now === null ? `${what} changed` : `${what} ${now}`;
  return `${what} ${before} → ${now}`;
}

/** Of a long plan only the first rows are here, so what is counted may be more. */
function summary({ rows, total, seconds, peak_bytes }: PlanMessage): string {
  if (rows.length === 0) return "There is nothing to run.";
  const number = (action: PlanRow["action"]) => rows.filter((row) => row.action === action).length;
  const more = total > rows.length ? " or more" : "";
  const parts = [`${count(number("run"), "node")}${more} to run`, `${number("cached")} cached`];
  if (number("blocked") > 0) parts.push(`${number("blocked")} cannot run`);
  if (seconds !== null && number("run") > 0) parts.push(`about ${secondsText(seconds)}`);
  if (peak_bytes !== null && number("run") > 0) parts.push(`at most ${bytesText(peak_bytes)} at once`);
  return parts.join(", ");
}

/** Ask for a plan now, and again when the graph, its types or what is cached may have changed and all is quiet. */
function useFreshPlan(onlySelected: boolean): void {
  const { scope, client, session } = useEditor();
  const { kernel } = scope.whole;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const chosen = () => (onlySelected ? selectedIds(client.getState()) : []);
    const ask = () => {
      const ids = chosen();
      session.plan(ids.length > 0 ? ids : null);
    };
    const askSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, QUIET_MS);
    };
    ask();
    const stops = [
      kernel.subscribe((state, before) => {
        const { document, library, run, link } = before;
        if (state.document !== document || state.library !== library || state.link !== link) askSoon();
        else if (state.run.state !== run.state || state.run.id !== run.id) askSoon();
      }),
    ];
    if (onlySelected) {
      let last = chosen().join();
      stops.push(
        client.subscribe(() => {
          const now = chosen().join();
          if (now !== last) askSoon();
          last = now;
        }),
      );
    }
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [kernel, client, session, onlySelected]);
}
