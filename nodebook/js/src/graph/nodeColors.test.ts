import { expect, test } from "vitest";
import { cssColor } from "./nodeColors";

test.each([
  ["red", "var(--nb-color-red)"],
  ["#335577", "#335577"],
  ["#abc", "#abc"],
  ["url(x)", undefined],
  ["", undefined],
  [7, undefined],
  [undefined, undefined],
])("the view's colour %s is %s in CSS", (color, css) => {
  expect(cssColor(color)).toBe(css);
});
