import { memo, useEffect, useRef, useState } from "react";
import type { Mode } from "../graph/document";
import { cssColor } from "../graph/nodeColors";
import type { NodeStatus } from "../protocol";
import { useClient, useEditor, useKernel } from "./context";
import { BypassIcon, ChevronIcon, MuteIcon, StateIcon } from "./icons";
import { EnterIcon } from "./subgraphs/icons";
import { enter } from "./subgraphs/scope";
import { BreakMark } from "./watch/BreakMark";
import { StaleIcon } from "./watch/icons";
import { useLeft } from "./watch/useLeft";
import { bytesText, leftText, MODE_WORDS, secondsText } from "./words";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly color: string | undefined;
  readonly collapsed: boolean;
  readonly mode: Mode | null;
  /** It stands for a subgraph, which can be opened. */
  readonly isInstance?: boolean;
}

/** Title (double-click to rename), collapse, mode, state. */
export const NodeHeader = memo(function NodeHeader({ id, title, type, color, collapsed, mode, isInstance }: Props) {
  const editor = useEditor();
  const { actions, client } = editor;
  const renaming = useClient((state) => state.renaming === id);
  const css = cssColor(color);
  return (
    <header
      className="nb-header"
      data-colored={css !== undefined}
      style={css ? ({ "--nb-node-color": css } as React.CSSProperties) : undefined}
    >
      <button
        type="button"
        className="nb-collapse nodrag"
        data-collapsed={collapsed}
        aria-expanded={!collapsed}
        aria-label={collapsed ? "Expand" : "Collapse"}
        onClick={() => actions.collapse(id, !collapsed)}
      >
        <ChevronIcon />
      </button>
      {renaming ? (
        <TitleField id={id} title={title} />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: F2 on a selected node is the keyboard's way
        <span
          className="nb-title"
          title={`${type}\nid ${id}\nDouble-click to ${isInstance ? "open, F2 to rename" : "rename"}`}
          onDoubleClick={() => (isInstance ? enter(editor, id) : client.setState({ renaming: id }))}
        >
          {title}
        </span>
      )}
      {mode && <ModeBadge mode={mode} />}
      <BreakMark id={id} />
      <StateBadge id={id} />
      {isInstance && (
        <button
          type="button"
          className="nb-icon-button nb-enter nodrag"
          aria-label={`Open ${title}`}
          title="Open the subgraph (E)"
          onClick={() => enter(editor, id)}
        >
          <EnterIcon />
        </button>
      )}
    </header>
  );
});

function TitleField({ id, title }: { readonly id: string; readonly title: string }) {
  const { actions, client } = useEditor();
  const [text, setText] = useState(title);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.select();
  }, []);
  return (
    <input
      ref={field}
      className="nb-title-field nodrag"
      aria-label="Title"
      value={text}
      spellCheck={false}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => client.getState().renaming === id && actions.rename(id, text)}
      onKeyDown={(event) => {
        if (event.key === "Enter") actions.rename(id, text);
        else if (event.key === "Escape") client.setState({ renaming: null });
        else return;
        event.preventDefault();
      }}
    />
  );
}

/** That a node does not run, as a shape and a word. */
function ModeBadge({ mode }: { readonly mode: Mode }) {
  const muted = mode === "mute";
  return (
    <span
      className="nb-mode"
      title={
        muted
          ? "Does not run, nor does what needs it. Ctrl-M lets it run"
          : "Does not run: what goes in comes out, by type. Ctrl-B lets it run"
      }
    >
      {muted ? <MuteIcon /> : <BypassIcon />}
      {MODE_WORDS[mode]}
    </span>
  );
}

/** The state as a shape and a word. Idle shows nothing. */
function StateBadge({ id }: { readonly id: string }) {
  const status = useKernel((state) => state.statuses[id]);
  const problems = useKernel((state) => state.problems.get(id)?.length ?? 0);
  const state = status?.state ?? "idle";
  if (state === "idle" || status === undefined) {
    return problems > 0 ? (
      <span className="nb-badge" data-state="problem">
        {problems === 1 ? "1 problem" : `${problems} problems`}
      </span>
    ) : null;
  }
  if (state === "running") return <RunningBadge status={status} />;
  if (status.stale && state !== "failed" && state !== "paused") {
    return (
      <span
        className="nb-badge"
        data-state="stale"
        title={`Out of date: it changed since, or something before it did. ${stateTitle(status)}`}
      >
        <StaleIcon />
        Out of date
      </span>
    );
  }
  return (
    <span className="nb-badge" data-state={state} title={stateTitle(status)}>
      <StateIcon state={state} />
      {stateWords(state, status.seconds)}
    </span>
  );
}

/** Steps and the time left, as far as they are known. */
function RunningBadge({ status }: { readonly status: NodeStatus }) {
  const left = useLeft(status.left, status);
  const { progress } = status;
  const words = [progress && `${progress[0]}/${progress[1]}`, left !== null && leftText(left)].filter(Boolean);
  return (
    <span className="nb-badge" data-state="running" title={stateTitle(status)}>
      <StateIcon state="running" />
      {words.length > 0 ? words.join(", ") : "Running"}
    </span>
  );
}

function stateWords(state: string, seconds: number | null): string {
  if (state === "done" && seconds !== null) return secondsText(seconds);
  return state.charAt(0).toUpperCase() + state.slice(1);
}

function stateTitle({ state, seconds, bytes }: NodeStatus): string {
  const meanings: Readonly<Record<string, string>> = {
    queued: "Waits for its turn",
    running: "Is running",
    paused: "Waits before it is called: its inputs are variables of the notebook. Resume goes on",
    cached: "Nothing changed: the earlier result was used",
    done: "Ran",
    failed: "Failed: the error is on the node",
    blocked: "Did not run: something before it refused its value",
    skipped: "Did not run: something before it failed",
    cancelled: "Was cancelled",
  };
  return [
    meanings[state] ?? state,
    seconds !== null && secondsText(seconds),
    bytes !== null && `its result takes ${bytesText(bytes)}`,
  ]
    .filter(Boolean)
    .join(", ");
}
