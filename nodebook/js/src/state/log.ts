/** What nodes wrote, as the kernel told it piece by piece. */
import type { LogLine, NodeStatus } from "../protocol";
import { isWithin } from "./paths";

export interface Log {
  readonly lines: readonly LogLine[];
  /** What to ask on from. */
  readonly upto: number;
}

export const EMPTY_LOG: Log = { lines: [], upto: 0 };
const MOST_LINES = 4000;

/** Add lines, and write those anew that were not whole yet. A node's newer run takes the lines of its older one away. */
export function mergeLog(old: Log, told: { readonly lines: readonly LogLine[]; readonly upto: number }): Log {
  if (told.lines.length === 0) return old;
  const byId = new Map(old.lines.map((line) => [line.id, line]));
  for (const line of told.lines) byId.set(line.id, line);
  const newest = new Map<string, string>();
  const lines = [...byId.values()].sort((a, b) => a.id - b.id);
  for (const { node, run } of lines) newest.set(node, run);
  return {
    lines: lines.filter(({ node, run }) => newest.get(node) === run).slice(-MOST_LINES),
    upto: Math.max(old.upto, told.upto),
  };
}

/** The lines of one node and of what is inside it, or of all; not those of a node that runs again and has written nothing yet. */
export function shownLines(
  log: Log,
  statuses: Readonly<Record<string, NodeStatus>>,
  node: string | null,
): readonly LogLine[] {
  return log.lines.filter(
    (line) => (node === null || isWithin(line.node, node)) && (statuses[line.node]?.lines ?? 0) > 0,
  );
}

/** Whether some node says that it wrote lines, and none of them is known. */
export function isBehind(log: Log, statuses: Readonly<Record<string, NodeStatus>>): boolean {
  const known = new Set(log.lines.map((line) => line.node));
  return Object.entries(statuses).some(([node, { lines }]) => lines > 0 && !known.has(node));
}

export function logText(lines: readonly LogLine[], titleOf: (node: string) => string): string {
  return lines.map((line) => `${titleOf(line.node)}: ${line.text}`).join("\n");
}
