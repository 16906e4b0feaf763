import { memo } from "react";
import { count } from "../graph/compose";
import { shownError } from "../state/failures";
import { useEditor, useKernel } from "./context";
import { OutputText } from "./displays/OutputText";
import { WarningIcon } from "./icons";
import { LogIcon } from "./watch/icons";
import { pathOf } from "./watch/show";
import { Traceback } from "./watch/Traceback";
import { aboutInput } from "./words";

interface MessagesProps {
  readonly id: string;
  /** The card says it aloud already. */
  readonly quiet?: boolean;
}

/** Below the controls: progress, what is wrong, what the node warned of and wrote, and the text that it gave. */
export const NodeMessages = memo(function NodeMessages({ id, quiet = false }: MessagesProps) {
  const status = useKernel((state) => state.statuses[id]);
  const problems = useKernel((state) => state.problems.get(id));
  const error = shownError(status, problems);
  return (
    <>
      {problems?.map((problem) => (
        <p key={`${problem.code}/${problem.input}`} className="nb-message" data-level="warning" role="note">
          <WarningIcon />
          <span>{aboutInput(problem.input, problem.message)}</span>
        </p>
      ))}
      {error && (
        <div
          className="nb-message nodrag"
          data-level="error"
          data-stale={status?.stale}
          role={quiet ? "note" : "alert"}
        >
          <WarningIcon />
          <div className="nb-error">
            <span>
              {status?.stale && "Before the last change: "}
              {aboutInput(error.input, error.message)}
            </span>
            {error.traceback && <Traceback error={error} traceback={error.traceback} />}
          </div>
        </div>
      )}
      {status?.warnings.map((warning) => (
        <p key={warning} className="nb-message nodrag" data-level="warning" data-warning="true" role="note">
          <WarningIcon />
          <span>{warning}</span>
        </p>
      ))}
      {status !== undefined && status.lines > 0 && <LogLink id={id} lines={status.lines} />}
      {status?.text && <OutputText text={status.text} />}
    </>
  );
});

/** How much the node wrote; a click shows it. */
function LogLink({ id, lines }: { readonly id: string; readonly lines: number }) {
  const editor = useEditor();
  return (
    <button
      type="button"
      className="nb-log-link nodrag"
      title="Show what the node wrote"
      onClick={() => editor.client.setState({ logNode: pathOf(editor, id), panel: "log" })}
    >
      <LogIcon />
      {count(lines, "line")}
    </button>
  );
}

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
