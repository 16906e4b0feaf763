import { describe, expect, it } from "vitest";
import { textHeightOf, textHeightOp } from "./heights";
import { estimateSize } from "./layout";

const NODE = { type: "A", view: { heights: { text: 200, other: "tall" } } };

describe("heights of texts", () => {
  it("are the usual one where nothing or nonsense is said, and within limits", () => {
    expect(textHeightOf(undefined, "text")).toBe(68);
    expect(textHeightOf(NODE, "text")).toBe(200);
    expect(textHeightOf(NODE, "other")).toBe(68);
    expect(textHeightOf({ type: "A", view: { heights: { text: 5 } } }, "text")).toBe(44);
  });

  it("are set one by one and taken away whole", () => {
    expect(textHeightOp("1", NODE, "more", 90.4)).toMatchObject({
      view: { heights: { text: 200, other: "tall", more: 90 } },
    });
    expect(textHeightOp("1", { type: "A", view: { heights: { text: 90 } } }, "text", null)).toMatchObject({
      view: { heights: null },
    });
  });

  it("count in the estimate of a card", () => {
    const widget = { kind: "text", multiline: true } as const;
    const ports = { inputs: [{ name: "text", type: "STRING", widget }], outputs: [], unknown: false };
    const usual = estimateSize({ type: "A" }, ports).height;
    expect(estimateSize(NODE, ports).height).toBe(usual + 200 - 68);
  });
});
