import { expect, test } from "vitest";
import { IDLE_STATUS, type LogLine } from "../protocol";
import { EMPTY_LOG, isBehind, logText, mergeLog, shownLines } from "./log";

const line = (id: number, node: string, text: string, run = "1"): LogLine => ({
  id,
  node,
  run,
  time: 0,
  level: "out",
  text,
});

test("lines come in their order, and one that was not whole is written anew", () => {
  const first = mergeLog(EMPTY_LOG, { lines: [line(2, "b", "two"), line(1, "a", "on")], upto: 7 });
  const second = mergeLog(first, { lines: [line(1, "a", "one"), line(3, "a", "three")], upto: 9 });
  expect(second.lines.map((one) => one.text)).toEqual(["one", "two", "three"]);
  expect(second.upto).toBe(9);
});

test("nothing new keeps the log as it is", () => {
  const log = mergeLog(EMPTY_LOG, { lines: [line(1, "a", "x")], upto: 3 });
  expect(mergeLog(log, { lines: [], upto: 0 })).toBe(log);
});

test("a newer run of a node takes the lines of its older one away, and no other's", () => {
  const log = mergeLog(EMPTY_LOG, { lines: [line(1, "a", "old"), line(2, "b", "stays")], upto: 2 });
  const next = mergeLog(log, { lines: [line(3, "a", "new", "2")], upto: 3 });
  expect(next.lines.map((one) => one.text)).toEqual(["stays", "new"]);
});

test("it is bounded", () => {
  const many = Array.from({ length: 5000 }, (_, index) => line(index + 1, "a", String(index)));
  const log = mergeLog(EMPTY_LOG, { lines: many, upto: 5000 });
  expect(log.lines).toHaveLength(4000);
  expect(log.lines.at(-1)?.text).toBe("4999");
});

test("what is shown: one node, and none that runs again without a word", () => {
  const log = mergeLog(EMPTY_LOG, { lines: [line(1, "a", "x"), line(2, "b", "y"), line(3, "c", "z")], upto: 3 });
  const statuses = {
    a: { ...IDLE_STATUS, lines: 1 },
    b: { ...IDLE_STATUS, lines: 1 },
    c: { ...IDLE_STATUS, state: "running" as const },
  };
  expect(shownLines(log, statuses, null).map((one) => one.text)).toEqual(["x", "y"]);
  expect(shownLines(log, statuses, "b").map((one) => one.text)).toEqual(["y"]);
  const inside = mergeLog(log, { lines: [line(4, "b/3", "inner")], upto: 4 });
  const more = { ...statuses, "b/3": { ...IDLE_STATUS, lines: 1 } };
  expect(shownLines(inside, more, "b").map((one) => one.text)).toEqual(["y", "inner"]);
  expect(isBehind(log, statuses)).toBe(false);
  expect(isBehind(log, more)).toBe(true);
  expect(isBehind(inside, more)).toBe(false);
  expect(logText(shownLines(log, statuses, null), (node) => `Node ${node}`)).toBe("Node a: x\nNode b: y");
});
