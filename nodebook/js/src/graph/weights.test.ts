import { describe, expect, it } from "vitest";
import { changeWeight, WEIGHT_STEP } from "./weights";

/** `|` is the cursor, `[` and `]` are the ends of the selection. */
function change(marked: string, by: number): string | null {
  const start = marked.search(/[|[]/);
  const end = marked.includes("|") ? start : marked.indexOf("]") - 1;
  const text = marked.replace(/[|[\]]/g, "");
  const found = changeWeight(text, start, end, by);
  if (found === null) return null;
  const after = text.slice(0, found.from) + found.insert + text.slice(found.to);
  const marks: [number, string][] =
    found.start === found.end
      ? [[found.start, "|"]]
      : [
          [found.end, "]"],
          [found.start, "["],
        ];
  return marks.reduce((shown, [at, mark]) => shown.slice(0, at) + mark + shown.slice(at), after);
}

describe("changing a weight", () => {
  it.each([
    ["a r|ed cat", "a (r|ed:1.05) cat", "the word at the cursor"],
    ["a (r|ed:1.05) cat", "a (r|ed:1.1) cat", "the group at the cursor, which stays at its letter"],
    ["[red cat]", "([red cat]:1.05)", "what is selected"],
    ["a[ red ]cat", "a ([red]:1.05) cat", "what is selected, without the spaces at its ends"],
    ["([red cat]:1.05)", "([red cat]:1.1)", "a selection inside its parentheses"],
    ["[(red cat:1.05)]", "([red cat]:1.1)", "a selection with its parentheses"],
    ["(r|ed)", "(r|ed:1.15)", "a group without a number, which is 1.1"],
    ["(r|ed:0.95)", "r|ed", "back to 1, which needs no parentheses"],
    ["(a (b|:1.2) c:0.5)", "(a (b|:1.25) c:0.5)", "the inner of two groups"],
    ["(a| (b:1.2) c:0.5)", "(a| (b:1.2) c:0.55)", "the outer of two groups"],
    ["x (y:z:1.3|) w", "x (y:z|:1.35) w", "the number behind the last colon"],
    ["(embedding:ugl|y)", "(embedding:ugl|y:1.15)", "a colon without a number"],
    ["日本|", "(日本|:1.05)", "any letters"],
  ])("%s becomes %s: %s", (before, after) => {
    expect(change(before, WEIGHT_STEP)).toBe(after);
  });

  it("goes down to 0 and no further", () => {
    expect(change("(a|:0.05)", -WEIGHT_STEP)).toBe("(a|:0)");
    expect(change("(a|:0)", -WEIGHT_STEP)).toBe("(a|:0)");
    expect(change("a|", -WEIGHT_STEP)).toBe("(a|:0.95)");
  });

  it("does nothing where there is no word", () => {
    expect(change("|", WEIGHT_STEP)).toBeNull();
    expect(change("a , | , b", WEIGHT_STEP)).toBeNull();
    expect(change("a[  ]b", WEIGHT_STEP)).toBeNull();
  });

  it("takes escaped and unmatched parentheses as letters", () => {
    expect(change("\\(a b|\\)", WEIGHT_STEP)).toBe("\\(a (b|:1.05)\\)");
    expect(change(") a|", WEIGHT_STEP)).toBe(") (a|:1.05)");
    expect(change("( a|", WEIGHT_STEP)).toBe("( (a|:1.05)");
  });
});
