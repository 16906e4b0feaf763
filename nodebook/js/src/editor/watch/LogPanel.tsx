import { useEffect, useMemo, useRef } from "react";
import { isBusy, type LogLine } from "../../protocol";
import type { KernelState } from "../../state/kernel";
import { isBehind, logText, shownLines } from "../../state/log";
import { comparePaths, titleAt } from "../../state/paths";
import { useClient, useEditor } from "../context";
import { copyText } from "./copyText";
import { CopyIcon } from "./icons";
import { showNode } from "./show";
import { useWhole, useWholeSlowly } from "./useWhole";

const QUIET_MS = 150;
/** Lines that are not whole (progress bars) change without a word from the kernel; and an answer may get lost. */
const BUSY_MS = 1000;
const SLOW_MS = 250;
const MOST_SHOWN = 1000;
const statusesOf = (state: KernelState) => state.statuses;
const NEAR_END_PX = 24;
const LEVEL_WORDS: Readonly<Record<string, string>> = { warning: "Warning", error: "Error" };

/** What nodes printed, logged and warned when they ran last. */
export function LogPanel() {
  const { client, root } = useEditor();
  useFreshLog();
  const log = useWhole((state) => state.log);
  const statuses = useWholeSlowly(statusesOf, SLOW_MS);
  const title = useTitle();
  const node = useClient((state) => state.logNode);
  const lines = useMemo(() => shownLines(log, statuses, node).slice(-MOST_SHOWN), [log, statuses, node]);
  return (
    <div className="nb-log" data-testid="nb-log">
      <div className="nb-panel-tools">
        <NodeChoice node={node} title={title} />
        <button
          type="button"
          className="nb-button nb-button--icon"
          aria-label="Copy the log"
          title="Copy"
          disabled={lines.length === 0}
          onClick={() => void copyText(root, logText(lines, title))}
        >
          <CopyIcon />
        </button>
      </div>
      {lines.length === 0 ? (
        <p className="nb-muted">
          {node === null ? "No node has written anything." : "This node has written nothing."} What nodes print, log and
          warn is here.
        </p>
      ) : (
        <Lines
          lines={lines}
          title={title}
          onNode={(id) => client.setState({ logNode: id })}
          withNode={lines.some((line) => line.node !== node)}
        />
      )}
    </div>
  );
}

function useTitle() {
  const document = useWhole((state) => state.document);
  const library = useWhole((state) => state.library);
  return useMemo(() => (path: string) => titleAt(document, library, path) ?? path, [document, library]);
}

function NodeChoice({ node, title }: { readonly node: string | null; readonly title: (id: string) => string }) {
  const { client } = useEditor();
  const ids = useWhole(({ statuses }) =>
    [...Object.keys(statuses).filter((id) => (statuses[id]?.lines ?? 0) > 0 && id !== node), ...(node ? [node] : [])]
      .sort(comparePaths)
      .join("\n"),
  );
  return (
    <select
      className="nb-text nb-log-choice"
      aria-label="Whose log"
      value={node ?? ""}
      onChange={(event) => client.setState({ logNode: event.target.value || null })}
    >
      <option value="">All nodes</option>
      {ids
        .split("\n")
        .filter(Boolean)
        .map((id) => (
          <option key={id} value={id}>
            {title(id)} ({id})
          </option>
        ))}
    </select>
  );
}

interface LinesProps {
  readonly lines: readonly LogLine[];
  readonly title: (id: string) => string;
  readonly withNode: boolean;
  readonly onNode: (id: string) => void;
}

/** Stays at the end while it is there. */
function Lines({ lines, title, withNode, onNode }: LinesProps) {
  const editor = useEditor();
  const end = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves the end
  useEffect(() => {
    const scroller = end.current?.closest(".nb-panel-content");
    if (atEnd.current && scroller) scroller.scrollTop = scroller.scrollHeight;
  }, [lines]);
  useEffect(() => {
    const scroller = end.current?.closest(".nb-panel-content");
    const note = () => {
      if (scroller) atEnd.current = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    };
    scroller?.addEventListener("scroll", note, { passive: true });
    return () => scroller?.removeEventListener("scroll", note);
  }, []);
  return (
    <div role="log" aria-live="off" aria-label="Log">
      {lines.map((line, index) => (
        <div key={line.id} className="nb-log-line" data-level={line.level} data-log-node={line.node}>
          {withNode && lines[index - 1]?.node !== line.node && (
            <button
              type="button"
              className="nb-log-node"
              title="Show the node and its own log"
              onClick={() => {
                onNode(line.node);
                showNode(editor, line.node);
              }}
            >
              {title(line.node)}
            </button>
          )}
          <pre title={new Date(line.time * 1000).toLocaleTimeString()}>
            {LEVEL_WORDS[line.level] && <b>{LEVEL_WORDS[line.level]}: </b>}
            {line.text}
          </pre>
        </div>
      ))}
      <div ref={end} />
    </div>
  );
}

/** Ask for what is new when some node says that it has written more. */
function useFreshLog(): void {
  const { kernel, session } = useEditor().scope.whole;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = kernel.getState().statuses;
    const askSoon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        session.askLog();
      }, QUIET_MS);
    };
    session.askLog();
    const stop = kernel.subscribe((state, before) => {
      const { statuses } = state;
      if (state.log.upto === 0 && before.log.upto > 0) askSoon();
      if (statuses === last) return;
      // Not by the number of lines: another run may have written as many.
      const mayHaveMore = Object.keys(statuses).some((id) => statuses[id] !== last[id] && statuses[id]?.lines);
      last = statuses;
      if (mayHaveMore) askSoon();
    });
    const busy = setInterval(() => {
      const { run, log, statuses } = kernel.getState();
      if (isBusy(run) || isBehind(log, statuses)) session.askLog();
    }, BUSY_MS);
    return () => {
      clearTimeout(timer);
      clearInterval(busy);
      stop();
    };
  }, [kernel, session]);
}
