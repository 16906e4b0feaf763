import { describe, expect, test } from "vitest";
import { IDLE_STATUS, type NodeStatus, type Problem } from "../protocol";
import { failingPaths, nextOf, shownError } from "./failures";

const failed = (input: string | null, traceback: string | null = "Traceback …"): NodeStatus => ({
  ...IDLE_STATUS,
  state: "failed",
  error: { message: "no", input, kind: "ValueError", traceback },
});
const problem = (node: string, input: string | null): Problem => ({ node, input, code: "missing", message: "m" });

describe("the error of a node", () => {
  test("is what it raised", () => {
    expect(shownError(failed("x"), undefined)?.message).toBe("no");
    expect(shownError({ ...failed("x"), state: "done" }, undefined)).toBeNull();
    expect(shownError(undefined, undefined)).toBeNull();
  });
  test("is not a problem, which is shown as it is now", () => {
    expect(shownError(failed("x", null), undefined)).toBeNull();
  });
  test("is over where the same input has a problem now, and stays where another has", () => {
    expect(shownError(failed("x"), [problem("1", "x")])).toBeNull();
    expect(shownError(failed("x"), [problem("1", "y")])?.message).toBe("no");
    expect(shownError(failed(null), [problem("1", null)])?.message).toBe("no");
  });
});

test("what fails comes in document order, and goes round", () => {
  const state = {
    statuses: { "10": failed(null), "1": IDLE_STATUS, "2/4": failed(null) },
    problems: new Map([["2", [problem("2", "x")]]]),
  };
  const ids = failingPaths(state);
  expect(ids).toEqual(["2", "2/4", "10"]);
  expect(nextOf(ids, undefined)).toBe("2");
  expect(nextOf(ids, "2")).toBe("2/4");
  expect(nextOf(ids, "10")).toBe("2");
  expect(nextOf(ids, "1")).toBe("2");
  expect(nextOf([], "1")).toBeUndefined();
});
