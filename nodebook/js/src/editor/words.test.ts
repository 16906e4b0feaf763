import { expect, test } from "vitest";
import { IDLE_RUN } from "../protocol";
import { aboutInput, bytesText, leftText, runText } from "./words";

test.each([
  ["sigma", "Image Blur.sigma: input should be at most 10", "Image Blur.sigma: input should be at most 10"],
  ["sigma", "input should be at most 10", "sigma: input should be at most 10"],
  ["sigma", "sigmas differ", "sigma: sigmas differ"],
  ["a", "connect a FLOAT", "a: connect a FLOAT"],
  ["a", "Add.a: connect a FLOAT", "Add.a: connect a FLOAT"],
  ["what (else)-?", "what (else)-? is missing", "what (else)-? is missing"],
  [null, "a loop", "a loop"],
])("input %j, %j", (input, message, shown) => {
  expect(aboutInput(input, message)).toBe(shown);
});

test.each([
  [0, "1 s left"],
  [12.2, "13 s left"],
  [59.9, "60 s left"],
  [61, "2 min left"],
  [3600, "1 h 0 min left"],
  [7000, "1 h 57 min left"],
])("%j seconds: %s", (seconds, words) => {
  expect(leftText(seconds)).toBe(words);
});

test.each([
  [0, "0 B"],
  [900, "900 B"],
  [1536, "1.5 KB"],
  [10_200, "10 KB"],
  [3_400_000, "3.2 MB"],
  [5 * 1024 ** 4, "5.0 TB"],
])("%j bytes: %s", (bytes, words) => {
  expect(bytesText(bytes)).toBe(words);
});

test("a run says how long it still takes where that is known", () => {
  const run = { ...IDLE_RUN, state: "running" as const, total: 8, finished: 3 };
  expect(runText(run, 0, null)).toBe("Running 3/8");
  expect(runText(run, 0, 4)).toBe("Running 3/8, 4 s left");
  expect(runText({ ...run, state: "failed" }, 2)).toBe("Failed: 2 nodes");
});
