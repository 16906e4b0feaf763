import { expect, test } from "vitest";
import { aboutInput } from "./words";

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
