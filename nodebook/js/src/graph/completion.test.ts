import { describe, expect, it } from "vitest";
import { offerAt } from "./completion";

const FILES = {
  embeddings: ["bad-hands.pt", "style/oil.safetensors", "easynegative.safetensors"],
  loras: ["demo.safetensors"],
};
const BOTH = ["embeddings", "loras"];

function offered(typed: string, kinds: readonly string[] = BOTH) {
  const offer = offerAt(typed, typed.length, kinds, FILES);
  return offer && { rest: typed.slice(0, offer.from), names: offer.options.map((option) => option.name) };
}

describe("names in a prompt", () => {
  it("are offered behind their prefix, without their suffix", () => {
    expect(offered("a cat, embedding:")).toEqual({
      rest: "a cat, ",
      names: ["bad-hands", "style/oil", "easynegative"],
    });
    expect(offered("first line\nembedding:oil")).toEqual({ rest: "first line\n", names: ["style/oil"] });
    expect(offered("(embedding:bad")).toEqual({ rest: "(", names: ["bad-hands"] });
    expect(offered("<lora:")).toEqual({ rest: "", names: ["demo"] });
  });

  it("are offered from three letters of the prefix on", () => {
    expect(offered("a emb")?.names).toHaveLength(3);
    expect(offered("a em")).toBeNull();
    expect(offered("a <lo")?.names).toEqual(["demo"]);
    expect(offered("december")).toBeNull();
  });

  it("are inserted as prompts have them", () => {
    expect(offerAt("<lo", 3, BOTH, FILES)?.options[0]?.insert).toBe("<lora:demo:1>");
    expect(offerAt("emb", 3, BOTH, FILES)?.options[1]?.insert).toBe("embedding:style/oil");
  });

  it("are not offered where the text does not take them, where none fits, or where the name is whole", () => {
    expect(offered("<lora:", ["embeddings"])).toBeNull();
    expect(offered("embedding:zzz")).toBeNull();
    expect(offered("embedding:easynegative")).toBeNull();
    expect(offered("embedding:bad-hands and")).toBeNull();
    expect(offerAt("embedding:", 10, BOTH, {})).toBeNull();
    expect(offered("my-embedding:")).toBeNull();
  });
});
