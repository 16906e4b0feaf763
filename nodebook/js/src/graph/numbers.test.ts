import { describe, expect, test } from "vitest";
import { clampNumber, formatNumber, type NumberWidget, numberOf, parseNumber, stepNumber } from "./numbers";

const SEED: NumberWidget = { kind: "number", min: 0, max: 18446744073709551615n, step: 1, integer: true };
const SIGMA: NumberWidget = { kind: "number", min: 0.1, max: 10, step: 0.1, integer: false };
const FREE: NumberWidget = { kind: "number", min: null, max: null, step: null, integer: false };
const BY8: NumberWidget = { kind: "number", min: 16, max: 64, step: 8, integer: true };

describe("whole numbers of 64 bits", () => {
  test("are read exactly and kept inside the limits", () => {
    expect(parseNumber("18446744073709551614", SEED)).toBe(18446744073709551614n);
    expect(parseNumber("18446744073709551616", SEED)).toBe(18446744073709551615n);
    expect(parseNumber("9007199254740991", SEED)).toBe(9007199254740991);
    expect(parseNumber("-5", SEED)).toBe(0);
  });
  test("step across the border of what a double holds", () => {
    expect(stepNumber(9007199254740991, 1, SEED)).toBe(9007199254740992n);
    expect(stepNumber(9007199254740992n, -1, SEED)).toBe(9007199254740991);
    expect(stepNumber(18446744073709551615n, 1, SEED)).toBe(18446744073709551615n);
  });
  test("are shown with every digit", () => {
    expect(formatNumber(18446744073709551615n, SEED)).toBe("18446744073709551615");
  });
});

test.each([
  [1, 1, 1.1],
  [1.1, 1, 1.2],
  [0.1, -1, 0.1],
  [9.95, 1, 10],
  [0.3, -2, 0.1],
])("%d and %d steps of 0.1 is %d, without float dust", (value, steps, expected) => {
  expect(stepNumber(value, steps, SIGMA)).toBe(expected);
});

test("an optional number may be none; what is no number counts as the nearest to 0", () => {
  expect(numberOf(null, BY8)).toBeNull();
  expect(numberOf(undefined, BY8)).toBe(16);
  expect(numberOf("wide", FREE)).toBe(0);
  expect(numberOf(24, BY8)).toBe(24);
});

test("steps of 8", () => {
  expect(stepNumber(16, 3, BY8)).toBe(40);
  expect(stepNumber(60, 1, BY8)).toBe(64);
});

test.each([
  ["2,5", 2.5],
  [" 1e1 ", 10],
  ["0", 0.1],
  ["", null],
  ["abc", null],
  ["1/2", null],
])("typed %j is %j", (text, expected) => {
  expect(parseNumber(text, SIGMA)).toBe(expected);
});

test("a whole-number input rounds what is typed", () => {
  expect(parseNumber("20.6", BY8)).toBe(21);
  expect(clampNumber(Number.NaN, BY8)).toBe(16);
});

test.each([
  [1, SIGMA, "1.0"],
  [2.5, SIGMA, "2.5"],
  [0.000012, FREE, "0.0000120"],
  [Number.POSITIVE_INFINITY, FREE, "inf"],
  [Number.NaN, FREE, "nan"],
  [512, BY8, "512"],
  [undefined, BY8, ""],
  [null, BY8, "none"],
  ["wide", SIGMA, "wide"],
])("%s is shown as %3$s", (value, widget, text) => {
  expect(formatNumber(value, widget)).toBe(text);
});
