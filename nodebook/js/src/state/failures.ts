/** What there is to fix: nodes that failed in the last run, and nodes with problems. */
import { orderedIds } from "../graph/document";
import type { NodeStatus, Problem } from "../protocol";
import type { KernelState } from "./kernel";

/** In document order. */
export function failingIds({
  document,
  statuses,
  problems,
}: Pick<KernelState, "document" | "statuses" | "problems">): string[] {
  return orderedIds(document).filter((id) => shownError(statuses[id], problems.get(id)) !== null || problems.has(id));
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
