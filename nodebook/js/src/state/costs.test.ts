import { expect, test } from "vitest";
import { type Cost, sortCosts } from "./costs";

const cost = (id: string, seconds: number | null, bytes: number | null): Cost => ({
  id,
  title: `Node ${id}`,
  state: "done",
  seconds,
  bytes,
});
const COSTS = [cost("b", 2, null), cost("a", null, 10), cost("c", 5, 3)];
const ids = (costs: readonly Cost[]) => costs.map((one) => one.id).join("");

test.each([
  ["seconds", false, "cba"],
  ["seconds", true, "bca"],
  ["bytes", false, "acb"],
  ["bytes", true, "cab"],
  ["title", true, "abc"],
  ["title", false, "cba"],
] as const)("by %s, up: %j", (by, up, order) => {
  expect(ids(sortCosts(COSTS, { by, up }))).toBe(order);
});
