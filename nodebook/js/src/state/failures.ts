/** What there is to fix: nodes that failed in the last run, and nodes with problems. */
import type { NodeStatus, Problem } from "../protocol";
import type { KernelState } from "./kernel";
import { comparePaths } from "./paths";

/** Their paths, in document order. */
export function failingPaths({ statuses, problems }: Pick<KernelState, "statuses" | "problems">): string[] {
  const failed = Object.keys(statuses).filter((path) => shownError(statuses[path], problems.get(path)) !== null);
  const troubled = [...problems].filter(([, list]) => list.length > 0).map(([path]) => path);
  return [...new Set([...failed, ...troubled])].sort(comparePaths);
}

/** The one after `current`, then from the start again; the first where `current` is none of them. */
export function nextOf(ids: readonly string[], current: string | undefined): string | undefined {
  return ids[(ids.indexOf(current ?? "") + 1) % Math.max(1, ids.length)];
}

/**
 * What a node raised, or that it was given up. Any other error without a traceback is one of the problems, and those are
 * shown as they are now. Of an input that has a problem now, what an earlier run said is over.
 */
export function shownError(
  status: NodeStatus | undefined,
  problems: readonly Problem[] | undefined,
): NodeStatus["error"] {
  const error = status?.state === "failed" ? status.error : null;
  if (error === null || (!error.traceback && error.kind !== "Abandoned")) return null;
  return problems?.some((problem) => problem.input !== null && problem.input === error.input) ? null : error;
}
