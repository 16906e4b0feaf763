/** Messages between the kernel and a view (docs/design/protocol.md). */
import type { GraphDocument } from "./graph/document";
import type { Op } from "./graph/edits";
import type { Library } from "./graph/library";

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

export type RunState = "idle" | "queued" | "running" | "done" | "failed" | "cancelled";

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
  | { readonly type: "undo" | "redo" | "cancel"; readonly client: string }
  | { readonly type: "run"; readonly client: string; readonly targets: readonly string[] | null }
  | {
      readonly type: "upload";
      readonly client: string;
      readonly batch: number;
      readonly node: string;
      readonly input: string;
      readonly name: string;
    }
  | { readonly type: "seen"; readonly client: string; readonly seq: number };

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
  | { readonly type: "library"; readonly library: Library; readonly problems: readonly Problem[] }
  | { readonly type: "notice"; readonly client: string | null; readonly level: NoticeLevel; readonly text: string }
  | PictureMessage;

export type NoticeLevel = "info" | "warning" | "error";

export const IDLE_STATUS: NodeStatus = { state: "idle", progress: null, seconds: null, error: null, text: null };
export const IDLE_RUN: Run = { id: null, state: "idle", total: 0, finished: 0, seconds: null };
export const NO_HISTORY: History = { undo: null, redo: null };
