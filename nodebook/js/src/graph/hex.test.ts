import { expect, test } from "vitest";
import { colorOf, colorText, hexOf, parseColor, parseHex, usedColors } from "./hex";

test("colours are read with and without transparency", () => {
  expect(parseColor("#11223344")).toEqual({ rgb: 0x112233, alpha: 0x44 });
  expect(parseColor(" abc ")).toEqual({ rgb: 0xaabbcc, alpha: null });
  expect(parseColor("#112233")).toEqual({ rgb: 0x112233, alpha: null });
  expect(parseColor("#1122334")).toBeNull();
  expect(parseColor("red")).toBeNull();
  expect(parseHex("#11223344")).toBeNull();
});

test("and written as the input has them", () => {
  expect(colorText({ rgb: 0x0a0b0c, alpha: null }, true)).toBe("#0a0b0cff");
  expect(colorText({ rgb: 0x0a0b0c, alpha: 0 }, true)).toBe("#0a0b0c00");
  expect(colorText({ rgb: 0x0a0b0c, alpha: 7 }, false)).toBe("#0a0b0c");
});

test("a value that is no colour is black, and a number is one", () => {
  expect(colorOf("nonsense")).toEqual({ rgb: 0, alpha: null });
  expect(colorOf(0x102030)).toEqual({ rgb: 0x102030, alpha: null });
  expect(colorOf("#10203040")).toEqual({ rgb: 0x102030, alpha: 0x40 });
  expect(hexOf(-5)).toBe("#000000");
});

test("the colours of a graph are those of its colour inputs, each once", () => {
  const color = { name: "c", type: "INT", widget: { kind: "color" } } as const;
  const text = { name: "t", type: "STRING", widget: { kind: "text" } } as const;
  const type = { name: "A", title: "A", category: "", inputs: [color, text], outputs: [] };
  const nodes = {
    "1": { type: "A", values: { c: 5, t: "#ffffff" } },
    "2": { type: "A", values: { c: 5 } },
    "3": { type: "A", values: { c: "#000006ff" } },
    "4": { type: "A" },
    "5": { type: "Gone", values: { c: 9 } },
  };
  expect(usedColors({ nodebook: 1, nodes }, { revision: 1, types: { A: type }, adapters: [] })).toEqual([5, 6]);
});
