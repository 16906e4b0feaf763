/** What a screen reader is told, in words: what was edited and undone, how a run went, what is selected. */
import { count } from "../graph/compose";
import { type GraphDocument, modeOf } from "../graph/document";
import { findType, type Library, titleOf } from "../graph/library";
import type { History, NodeStatus, Problem, Run } from "../protocol";
import { isBusy } from "../protocol";

/** The history's labels say what was done: the last edit, or that it was taken back. Null: nothing new. */
export function historyWords(before: History, now: History): string | null {
  if (now.undo === before.undo && now.redo === before.redo) return null;
  if (before.undo !== null && now.redo === before.undo && now.redo !== before.redo) return `Undone: ${before.undo}`;
  if (before.redo !== null && now.undo === before.redo && now.redo !== before.redo) return `Redone: ${before.redo}`;
  return now.undo;
}

/** How a run began and ended; not each step of it. */
export function runWords(before: Run, now: Run, failuresOf: () => readonly string[]): string | null {
  if (isBusy(now)) return isBusy(before) ? null : "Run started";
  if (!isBusy(before)) return null;
  switch (now.state) {
    case "done":
      return now.seconds === null ? "Run done" : `Run done in ${Math.max(0.1, now.seconds).toFixed(1)} seconds`;
    case "failed":
      return ["Run failed", ...failuresOf()].join(". ");
    case "cancelled":
      return "Run cancelled";
    case "abandoned":
      return "Run given up";
    default:
      return null;
  }
}

interface Shown {
  readonly document: GraphDocument;
  readonly library: Library;
  readonly statuses: Readonly<Record<string, NodeStatus>>;
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** "Blur Image, failed, 1 problem, 2 of 7"; of several how many, and which one came last. */
export function selectionWords(
  shown: Shown,
  ids: readonly string[],
  order: readonly string[],
  before: readonly string[] = [],
): string {
  const [id] = ids;
  const node = id === undefined ? undefined : shown.document.nodes[id];
  if (id === undefined || node === undefined) return "Nothing selected";
  if (ids.length > 1) {
    const [added, ...others] = ids.filter((one) => !before.includes(one));
    const last =
      added !== undefined && others.length === 0 && before.length > 0 ? shown.document.nodes[added] : undefined;
    const words = `${count(ids.length, "node")} selected`;
    return last === undefined ? words : `${titleOf(shown.library, last)} added, ${words}`;
  }
  return [titleOf(shown.library, node), ...nodeWords(shown, id), `${order.indexOf(id) + 1} of ${order.length}`].join(
    ", ",
  );
}

/** What is to be known of a node beside its name: muted, collapsed, its state, its problems. */
export function nodeWords({ document, library, statuses, problems }: Shown, id: string): string[] {
  const node = document.nodes[id];
  const state = statuses[id]?.state ?? "idle";
  const wrong = problems.get(id)?.length ?? 0;
  const mode = modeOf(node);
  return [
    node !== undefined && findType(library, node.type) === undefined ? "unknown type" : null,
    mode === null ? null : mode === "mute" ? "muted" : "bypassed",
    node?.view?.collapsed === true ? "collapsed" : null,
    state === "idle" ? null : state,
    wrong > 0 ? count(wrong, "problem") : null,
  ].filter((word) => word !== null);
}
