/** Times and run states in words. */

import { count } from "../graph/compose";
import type { Mode } from "../graph/document";
import type { Run } from "../protocol";

export const MODE_WORDS: Readonly<Record<Mode, string>> = { mute: "Muted", bypass: "Bypassed" };

export function secondsText(seconds: number): string {
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${Math.round(seconds - 60 * minutes)} s`;
}

/** What is wrong with an input: its name comes first unless the text says it anyway. */
export function aboutInput(input: string | null, message: string): string {
  return input === null || hasWord(message, input) ? message : `${input}: ${message}`;
}

/** Short names are words of every sentence ("a", "in"): they count where the text quotes or qualifies them. */
function hasWord(text: string, name: string): boolean {
  const escaped = name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const before = name.length < 3 ? "(?<=[.'\"`])" : "(?<![\\p{L}\\p{N}_])";
  return new RegExp(`${before}${escaped}(?![\\p{L}\\p{N}_])`, "u").test(text);
}

export function runText(run: Run, failedNodes: number): string {
  switch (run.state) {
    case "idle":
      return "";
    case "queued":
      return "Queued";
    case "running":
      return run.total > 0 ? `Running ${run.finished}/${run.total}` : "Running";
    case "done":
      return run.seconds === null ? "Done" : `Done in ${secondsText(run.seconds)}`;
    case "failed":
      return failedNodes > 0 ? `Failed: ${count(failedNodes, "node")}` : "Failed";
    case "cancelled":
      return "Cancelled";
    case "abandoned":
      return "Given up";
  }
}
