/** How an instance is doing: the states of the nodes inside it as one. */
import type { NodeState, NodeStatus } from "../protocol";

export interface Part {
  readonly title: string;
  readonly status: NodeStatus;
}

const FINISHED: readonly NodeState[] = ["done", "cached", "failed", "skipped", "blocked", "cancelled"];
/** Where no part runs, the first of these that one of them has is the state of all. */
const ORDER: readonly NodeState[] = ["failed", "queued", "blocked", "cancelled", "skipped", "done", "cached", "idle"];

const MOST_WARNINGS = 5;

export function sumUp(parts: readonly Part[]): NodeStatus {
  const state = stateOf(parts);
  const failed = parts.find(({ status }) => status.state === "failed" && status.error !== null);
  return {
    state,
    progress: state === "running" ? progressOf(parts) : null,
    seconds: sum(parts.map(({ status }) => status.seconds)),
    error: errorOf(failed),
    text: null,
    left: sum(parts.map(({ status }) => status.left)),
    bytes: sum(parts.map(({ status }) => status.bytes)),
    lines: sum(parts.map(({ status }) => status.lines)) ?? 0,
    warnings: parts
      .flatMap(({ title, status }) => status.warnings.map((one) => named(title, one)))
      .slice(0, MOST_WARNINGS),
    stale: parts.some(({ status }) => status.stale),
  };
}

/** Of those that are known; null where none is. */
function sum(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((one) => one !== null);
  return known.length > 0 ? known.reduce((all, one) => all + one, 0) : null;
}

function stateOf(parts: readonly Part[]): NodeState {
  const states = new Set(parts.map(({ status }) => status.state));
  if (states.has("paused")) return "paused";
  const underWay = states.has("queued") && (states.has("done") || states.has("failed"));
  if (states.has("running") || underWay) return "running";
  return ORDER.find((state) => states.has(state)) ?? "idle";
}

/** Of one part its own; of several how many have ended. */
function progressOf(parts: readonly Part[]): [number, number] | null {
  const only = parts.length === 1 ? parts[0]?.status.progress : null;
  if (only) return [only[0], only[1]];
  const counted = parts.filter(({ status }) => status.state !== "idle");
  const ended = counted.filter(({ status }) => FINISHED.includes(status.state)).length;
  return counted.length > 1 ? [ended, counted.length] : null;
}

function errorOf(part: Part | undefined): NodeStatus["error"] {
  if (part === undefined || part.status.error === null) return null;
  const { error } = part.status;
  return { ...error, input: null, message: named(part.title, error.message) };
}

/** A text about a node with the node's title before it, where it does not begin with that. */
export function named(title: string, text: string): string {
  return [".", ":", " "].some((end) => text.startsWith(title + end)) ? text : `${title}: ${text}`;
}
