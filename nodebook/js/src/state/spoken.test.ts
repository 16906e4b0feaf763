import { expect, test } from "vitest";
import { sampleGraph } from "../../dev/graphs";
import { SAMPLE_LIBRARY } from "../../dev/library";
import { IDLE_RUN, IDLE_STATUS, type Run } from "../protocol";
import { historyWords, runWords, selectionWords } from "./spoken";

test.each([
  ["an edit", { undo: null, redo: null }, { undo: "Add Blur", redo: null }, "Add Blur"],
  ["another one", { undo: "Add Blur", redo: null }, { undo: "Set sigma of Blur", redo: null }, "Set sigma of Blur"],
  ["undo", { undo: "Add Blur", redo: null }, { undo: null, redo: "Add Blur" }, "Undone: Add Blur"],
  ["undo of the second", { undo: "B", redo: null }, { undo: "A", redo: "B" }, "Undone: B"],
  ["redo", { undo: null, redo: "Add Blur" }, { undo: "Add Blur", redo: null }, "Redone: Add Blur"],
  ["redo of the first of two", { undo: null, redo: "A" }, { undo: "A", redo: "B" }, "Redone: A"],
  ["an edit after undo", { undo: "A", redo: "B" }, { undo: "C", redo: null }, "C"],
  ["nothing", { undo: "A", redo: "B" }, { undo: "A", redo: "B" }, null],
])("%s is told from the history", (_name, before, now, words) => {
  expect(historyWords(before, now)).toBe(words);
});

const none = () => [];
const RUNNING: Run = { id: "1", state: "running", total: 3, finished: 1, seconds: null, left: null };

test("a run is told when it begins and when it ends", () => {
  expect(runWords(IDLE_RUN, RUNNING, none)).toBe("Run started");
  expect(runWords(RUNNING, { ...RUNNING, finished: 2 }, none)).toBeNull();
  expect(runWords(RUNNING, { ...RUNNING, state: "done", seconds: 1.23 }, none)).toBe("Run done in 1.2 seconds");
  expect(runWords(RUNNING, { ...RUNNING, state: "failed" }, () => ["Blur: too large"])).toBe(
    "Run failed. Blur: too large",
  );
  expect(runWords(IDLE_RUN, { ...RUNNING, state: "done" }, none)).toBeNull();
});

test("a selected node is told with its state and place", () => {
  const shown = {
    document: sampleGraph("all"),
    library: SAMPLE_LIBRARY,
    statuses: { "2": { ...IDLE_STATUS, state: "failed" as const } },
    problems: new Map([["2", [{ node: "2", input: "image", code: "missing", message: "connect" }]]]),
  };
  const order = ["1", "2", "10"];
  expect(selectionWords(shown, ["2"], order)).toBe("Fail, failed, 1 problem, 2 of 3");
  expect(selectionWords(shown, ["10"], order)).toBe("Upscale Image, collapsed, 3 of 3");
  expect(selectionWords(shown, ["1", "2"], order)).toBe("2 nodes selected");
  expect(selectionWords(shown, ["1", "2"], order, ["2"])).toBe("Load Image added, 2 nodes selected");
  expect(selectionWords(shown, ["1", "2"], order, ["10"])).toBe("2 nodes selected");
  expect(selectionWords(shown, [], order)).toBe("Nothing selected");
});
