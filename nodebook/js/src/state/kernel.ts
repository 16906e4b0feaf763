/** Kernel-synced state: what the kernel says about the graph, and our own edits on top. Only sync/ writes it. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { compareIds, EMPTY_DOCUMENT, type GraphDocument } from "../graph/document";
import { EMPTY_LIBRARY, type Library, usedOutputs } from "../graph/library";
import {
  type BoundVariable,
  EMPTY_QUEUE,
  type History,
  IDLE_RUN,
  IDLE_STATUS,
  NO_HISTORY,
  type NodeStatus,
  type PlanMessage,
  type Problem,
  type Queue,
  type Run,
} from "../protocol";
import { EMPTY_LOG, type Log } from "./log";

/** `connecting`: nothing shown yet; `live`: answered; `silent`: cannot be reached, or did not answer in time. */
export type KernelLink = "connecting" | "live" | "silent";

export interface KernelState {
  readonly link: KernelLink;
  /** A document has been received, from the kernel or with the notebook. */
  readonly loaded: boolean;
  /** Confirmed document + pending batches. */
  readonly document: GraphDocument;
  readonly pending: number;
  readonly history: History;
  readonly run: Run;
  readonly statuses: Readonly<Record<string, NodeStatus>>;
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
  readonly library: Library;
  readonly queue: Queue;
  /** The answer to the last `plan`. */
  readonly plan: PlanMessage | null;
  /** What nodes wrote, as far as it was asked for. */
  readonly log: Log;
  /** What the variables of the notebook held that inputs take, by name. */
  readonly variables: Readonly<Record<string, BoundVariable>>;
  /** Output names of each node that some link starts at. */
  readonly used: ReadonlyMap<string, readonly string[]>;
}

export type KernelStore = StoreApi<KernelState>;

export function createKernelStore(): KernelStore {
  return createStore<KernelState>(() => ({
    link: "connecting",
    loaded: false,
    document: EMPTY_DOCUMENT,
    pending: 0,
    history: NO_HISTORY,
    run: IDLE_RUN,
    statuses: {},
    problems: new Map(),
    library: EMPTY_LIBRARY,
    queue: EMPTY_QUEUE,
    plan: null,
    log: EMPTY_LOG,
    variables: {},
    used: new Map(),
  }));
}

/** Merge what changed. A node's entry keeps the members that the message leaves out. */
export function mergeStatuses(
  old: KernelState["statuses"],
  changed: Readonly<Record<string, Partial<NodeStatus>>>,
): KernelState["statuses"] {
  const merged: Record<string, NodeStatus> = { ...old };
  for (const [id, status] of Object.entries(changed)) {
    merged[id] = { ...IDLE_STATUS, ...merged[id], ...status };
  }
  return merged;
}

/** Problems by node. Lists that say the same keep their identity, so that their nodes do not render again. */
export function groupProblems(list: readonly Problem[], old: KernelState["problems"]): KernelState["problems"] {
  const grouped = new Map<string, Problem[]>();
  for (const problem of list) {
    const found = grouped.get(problem.node);
    if (found === undefined) grouped.set(problem.node, [problem]);
    else found.push(problem);
  }
  return keepEqual(grouped, old, (a, b) => JSON.stringify(a) === JSON.stringify(b));
}

/** Merge the problems of some nodes; an empty list takes those of its node away. Kept in document order. */
export function mergeProblems(
  old: KernelState["problems"],
  changed: Readonly<Record<string, readonly Problem[]>>,
): KernelState["problems"] {
  const entries = Object.entries(changed);
  if (entries.length === 0) return old;
  const merged = new Map(old);
  for (const [node, list] of entries) {
    if (list.length === 0) merged.delete(node);
    else merged.set(node, list);
  }
  return new Map([...merged].sort(([a], [b]) => compareIds(a, b)));
}

export function usedOf(document: GraphDocument, old: KernelState["used"]): KernelState["used"] {
  return keepEqual<string>(usedOutputs(document), old, Object.is);
}

function keepEqual<T>(
  fresh: Map<string, readonly T[]>,
  old: ReadonlyMap<string, readonly T[]>,
  same: (a: T, b: T) => boolean,
) {
  for (const [key, list] of fresh) {
    const before = old.get(key);
    if (before?.length !== list.length) continue;
    if (before.every((item, index) => same(item, list[index] as T))) fresh.set(key, before);
  }
  return fresh;
}
