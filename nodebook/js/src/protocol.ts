/** Messages between the kernel and a view (docs/design/protocol.md). */
import type { GraphDocument } from "./graph/document";
import type { Op } from "./graph/edits";
import type { Library } from "./graph/library";
import type { DisplayMessage } from "./state/displays";
import type { FullPictureMessage } from "./sync/fullPictures";

export interface History {
  readonly undo: string | null;
  readonly redo: string | null;
}

export interface Problem {
  readonly node: string;
  readonly input: string | null;
  readonly code: string;
  readonly message: string;
}

export type RunState = "idle" | "queued" | "running" | "done" | "failed" | "cancelled" | "abandoned";

export interface Run {
  readonly id: string | null;
  readonly state: RunState;
  readonly total: number;
  readonly finished: number;
  readonly seconds: number | null;
}

/** Whether the run is under way: Cancel makes sense. */
export function isBusy(run: Run): boolean {
  return run.state === "running" || run.state === "queued";
}

export type NodeState =
  | "idle"
  | "queued"
  | "running"
  | "cached"
  | "done"
  | "failed"
  | "skipped"
  | "blocked"
  | "cancelled";

export interface NodeError {
  readonly message: string;
  readonly input: string | null;
  readonly kind: string;
  readonly traceback: string | null;
}

export interface NodeStatus {
  readonly state: NodeState;
  readonly progress: readonly [number, number] | null;
  readonly seconds: number | null;
  readonly error: NodeError | null;
  readonly text: string | null;
}

/** A run that waits or runs; `graph` is null for one without a name. */
export interface QueuedRun {
  readonly id: string;
  readonly graph: string | null;
  readonly state: "waiting" | "running";
  readonly priority: number;
  readonly position: number;
}

/** A run that has ended, at `finished` seconds since 1970; `executed`, `cached` and `failed` count nodes. */
export interface EndedRun {
  readonly id: string;
  readonly graph: string | null;
  readonly state: string;
  readonly finished: number;
  readonly seconds: number;
  readonly executed: number;
  readonly cached: number;
  readonly failed: number;
}

/** The session's queue: the first `pending` of all that are `waiting`, and the newest that have ended, last. */
export interface Queue {
  readonly pending: readonly QueuedRun[];
  readonly waiting: number;
  readonly running: readonly QueuedRun[];
  readonly recent: readonly EndedRun[];
  readonly paused: boolean;
  /** Whether this graph runs after edits. */
  readonly auto_run: boolean;
}

/** Browser → kernel. `upload` carries one buffer. */
export type ToKernel =
  | { readonly type: "hello"; readonly client: string }
  | {
      readonly type: "edit";
      readonly client: string;
      readonly batch: number;
      readonly label: string;
      readonly ops: readonly Op[];
    }
  | { readonly type: "undo" | "redo" | "cancel" | "list_files"; readonly client: string }
  | {
      readonly type: "run";
      readonly client: string;
      readonly targets: readonly string[] | null;
      readonly count?: number;
      readonly priority?: number;
      readonly front?: boolean;
    }
  | { readonly type: "plan"; readonly client: string; readonly targets: readonly string[] | null }
  | { readonly type: "auto_run"; readonly client: string; readonly on: boolean }
  | { readonly type: "queue_move"; readonly client: string; readonly job: string; readonly position: number }
  | { readonly type: "queue_cancel"; readonly client: string; readonly job: string }
  | {
      readonly type: "upload";
      readonly client: string;
      readonly batch: number;
      readonly node: string;
      readonly input: string;
      readonly name: string;
    }
  | { readonly type: "full_picture"; readonly client: string; readonly node: string; readonly index: number }
  | { readonly type: "more_pictures"; readonly client: string; readonly node: string; readonly start: number }
  | { readonly type: "seen"; readonly client: string; readonly seq: number };

/** One node of a plan. `changes`: what differs from the last run, before and now. Costs are expected, if known. */
export interface PlanRow {
  readonly node: string;
  readonly title: string;
  readonly action: "run" | "cached" | "blocked" | "if asked";
  readonly reason: string;
  readonly changes: readonly (readonly [what: string, before: string | null, now: string | null])[];
  readonly seconds: number | null;
  readonly bytes: number | null;
}

/** What a run would do: the first of `total` rows, and what the whole run is expected to cost. */
export interface PlanMessage {
  readonly type: "plan";
  readonly to: string;
  readonly rows: readonly PlanRow[];
  readonly total: number;
  readonly seconds: number | null;
  readonly peak_bytes: number | null;
}

export interface Snapshot {
  readonly type: "snapshot";
  readonly to: string | null;
  readonly revision: number;
  readonly document: GraphDocument;
  readonly last_id?: number;
  readonly history: History;
  readonly run: Run;
  readonly nodes: Readonly<Record<string, NodeStatus>>;
  readonly problems: readonly Problem[];
  readonly library: Library;
  readonly queue?: Queue;
}

export interface PictureMessage {
  readonly type: "picture";
  readonly node: string;
  readonly index: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly mime: string;
  readonly seq: number;
  readonly kind: "preview" | "result";
  /** Pictures of one batch have the same. */
  readonly result?: number;
}

/** Kernel → browser. `picture` carries one buffer. */
export type FromKernel =
  | Snapshot
  | {
      readonly type: "edited";
      readonly revision: number;
      readonly client: string | null;
      readonly batch: number | null;
      readonly label: string;
      readonly ops: readonly Op[];
      readonly history: History;
      readonly problems: readonly Problem[];
    }
  | { readonly type: "rejected"; readonly client: string; readonly batch: number; readonly reason: string }
  | {
      readonly type: "status";
      readonly run?: Run | null;
      readonly nodes?: Readonly<Record<string, Partial<NodeStatus>>> | null;
    }
  | { readonly type: "queue"; readonly queue: Queue }
  | PlanMessage
  | { readonly type: "library"; readonly library: Library; readonly problems: readonly Problem[] }
  | { readonly type: "notice"; readonly client: string | null; readonly level: NoticeLevel; readonly text: string }
  | PictureMessage
  | FullPictureMessage
  | DisplayMessage;

export type NoticeLevel = "info" | "warning" | "error";

export const IDLE_STATUS: NodeStatus = { state: "idle", progress: null, seconds: null, error: null, text: null };
export const IDLE_RUN: Run = { id: null, state: "idle", total: 0, finished: 0, seconds: null };
export const NO_HISTORY: History = { undo: null, redo: null };
export const EMPTY_QUEUE: Queue = {
  pending: [],
  waiting: 0,
  running: [],
  recent: [],
  paused: false,
  auto_run: false,
};
