import { count } from "../graph/compose";
import { useClient, useEditor, useKernel } from "./context";
import { fitView } from "./fit";
import { useLeft } from "./watch/useLeft";
import { runText } from "./words";

/** "Running 3/8", "Done in 1.2 s", "Failed: 1 node", and how many problems validation found. */
export function RunState() {
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
  const left = useLeft(run.left, run);
  const text = stuck ? "A node does not react" : cancelling ? "Cancelling…" : runText(run, failed, left);
  return (
    <>
      <span className="nb-run-state" data-testid="nb-run-state" data-state={run.state} title={text}>
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
