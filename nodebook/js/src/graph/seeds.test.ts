import { describe, expect, it } from "vitest";
import type { GraphNode } from "./document";
import { applyOps } from "./edits";
import type { NumberWidget } from "./numbers";
import { randomSeed, type SeedMode, seedModeOf, seedModeOp } from "./seeds";

const WIDGET: NumberWidget = { kind: "number", min: 0, max: 18446744073709551615n, step: 1, integer: true };

describe("seed modes", () => {
  it("are members of the view, and fixed where nothing or nonsense is said", () => {
    expect(seedModeOf(undefined, "seed")).toBe("fixed");
    expect(seedModeOf({ type: "A" }, "seed")).toBe("fixed");
    expect(seedModeOf({ type: "A", view: { vary: { seed: "sometimes" } } }, "seed")).toBe("fixed");
    expect(seedModeOf({ type: "A", view: { vary: [1] } }, "seed")).toBe("fixed");
    expect(seedModeOf({ type: "A", view: { vary: { seed: "increment" } } }, "seed")).toBe("increment");
  });

  it("are set one by one, and leave nothing behind when they are fixed again", () => {
    const set = (node: GraphNode, input: string, mode: SeedMode) => {
      const applied = applyOps({ nodebook: 1, nodes: { "1": node } }, [seedModeOp("1", node, input, mode)]);
      if (applied.refused !== undefined) throw new Error(applied.refused);
      return applied.document.nodes["1"] as GraphNode;
    };
    const both = set({ type: "A", view: { x: 4, vary: { other: "decrement" } } }, "seed", "randomize");
    expect(both.view).toEqual({ x: 4, vary: { other: "decrement", seed: "randomize" } });
    const one = set(both, "other", "fixed");
    expect(one.view).toEqual({ x: 4, vary: { seed: "randomize" } });
    expect(set(one, "seed", "fixed").view).toEqual({ x: 4 });
  });
});

describe("a random seed", () => {
  it("is within the limits and on the steps of its input, and a plain number", () => {
    expect(randomSeed(WIDGET, 2n ** 64n - 1n)).toBeTypeOf("number");
    expect(randomSeed(WIDGET, 2n ** 50n)).toBe(2 ** 50);
    expect(randomSeed(WIDGET, 2n ** 50n + 1n)).toBe(0);
    expect(randomSeed({ ...WIDGET, min: 2, max: 11, step: 4 }, 2n)).toBe(10);
    expect(randomSeed({ ...WIDGET, min: 7, max: 7 }, 12345n)).toBe(7);
    expect(randomSeed({ ...WIDGET, min: null, max: null }, 3n)).toBe(3);
  });
});
