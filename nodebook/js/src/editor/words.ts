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

/** How long something will still take, in words as rough as the guess is. */
export function leftText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s left`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const size = bytes / 1024 ** power;
  return `${power > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${UNITS[power]}`;
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

export function runText(run: Run, failedNodes: number, left: number | null = null): string {
  switch (run.state) {
    case "idle":
      return "";
    case "queued":
      return "Queued";
    case "running":
      return [run.total > 0 ? `Running ${run.finished}/${run.total}` : "Running", left !== null && leftText(left)]
        .filter(Boolean)
        .join(", ");
    case "paused":
      return run.total > 0 ? `Paused at ${run.finished}/${run.total}` : "Paused";
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
