/** What the kernel and a view tell each other: the types, and the values to begin with. */
import type { History, NodeStatus, Queue, Run } from "./protocol.gen";

export type * from "./protocol.gen";

/** Whether the run is under way: Cancel makes sense. */
export function isBusy(run: Run): boolean {
  return run.state === "running" || run.state === "queued" || run.state === "paused";
}

export const IDLE_STATUS: NodeStatus = {
  state: "idle",
  progress: null,
  seconds: null,
  error: null,
  text: null,
  left: null,
  bytes: null,
  lines: 0,
  warnings: [],
  stale: false,
};
export const IDLE_RUN: Run = { id: null, state: "idle", total: 0, finished: 0, seconds: null, left: null };
export const NO_HISTORY: History = { undo: null, redo: null };
export const EMPTY_QUEUE: Queue = {
  pending: [],
  waiting: 0,
  running: [],
  recent: [],
  paused: false,
  auto_run: false,
  breaks: [],
  previews: { method: "auto", size: 512 },
};
