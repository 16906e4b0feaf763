import { memo } from "react";
import type { NodeStatus } from "../protocol";
import { useKernel } from "./context";
import { OutputText } from "./displays/OutputText";
import { WarningIcon } from "./icons";
import { aboutInput } from "./words";

/**
 * What a node raised, or that it was given up. Any other error without a traceback is one of the problems, and those are
 * shown as they are now.
 */
export function raisedError(status: NodeStatus | undefined): NodeStatus["error"] {
  const error = status?.state === "failed" ? status.error : null;
  return error?.traceback || error?.kind === "Abandoned" ? error : null;
}

/** Below the controls: progress, what is wrong, and the text that a node gave. */
export const NodeMessages = memo(function NodeMessages({ id }: { readonly id: string }) {
  const status = useKernel((state) => state.statuses[id]);
  const problems = useKernel((state) => state.problems.get(id));
  const error = raisedError(status);
  return (
    <>
      {problems?.map((problem) => (
        <p key={`${problem.code}/${problem.input}`} className="nb-message" data-level="warning" role="note">
          <WarningIcon />
          <span>{aboutInput(problem.input, problem.message)}</span>
        </p>
      ))}
      {error && (
        <div className="nb-message nodrag" data-level="error" role="alert">
          <WarningIcon />
          <div className="nb-error">
            <span>{aboutInput(error.input, error.message)}</span>
            {error.traceback && (
              <details className="nowheel">
                <summary>{error.kind}: traceback</summary>
                <pre>{error.traceback}</pre>
              </details>
            )}
          </div>
        </div>
      )}
      {status?.text && <OutputText text={status.text} />}
    </>
  );
});

/** A thin bar under the header while the node runs. */
export const ProgressBar = memo(function ProgressBar({ id }: { readonly id: string }) {
  const running = useKernel((state) => state.statuses[id]?.state === "running");
  const progress = useKernel((state) => state.statuses[id]?.progress ?? null);
  if (!running) return null;
  const share = progress && progress[1] > 0 ? Math.min(1, progress[0] / progress[1]) : null;
  return (
    <div
      className="nb-progress"
      role="progressbar"
      aria-label="Progress of the node"
      aria-valuenow={progress?.[0]}
      aria-valuemax={progress?.[1]}
      data-unknown={share === null}
    >
      <span style={{ transform: `scaleX(${share ?? 1})` }} />
    </div>
  );
});
