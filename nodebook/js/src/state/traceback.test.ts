import { expect, test } from "vitest";
import { parseTraceback, placeOf } from "./traceback";

const TEXT = `Traceback (most recent call last):
  File "/lib/nodes/filter.py", line 42, in blur
    kernel(sigma)
  Cell In[3], line 7, in kernel
    raise ValueError
  File "C:\\numpy\\core.py", line 9, in deep
ValueError: no`;

test("the parts are the whole text, places apart", () => {
  const parts = parseTraceback(TEXT);
  expect(parts.map((part) => part.text).join("")).toBe(TEXT);
  expect(parts.filter((part) => part.isPlace).map((part) => part.text)).toEqual([
    'File "/lib/nodes/filter.py", line 42',
    "Cell In[3], line 7",
    'File "C:\\numpy\\core.py", line 9',
  ]);
  expect(parts.every((part) => TEXT.startsWith(part.text, part.at))).toBe(true);
});

test("a cell is where to look first, else the last line", () => {
  expect(placeOf(TEXT)).toBe("Cell In[3], line 7");
  expect(placeOf(TEXT.replace("Cell In[3], line 7, in kernel", ""))).toBe("core.py, line 9");
  expect(placeOf("ValueError: no")).toBeNull();
  expect(parseTraceback("")).toEqual([]);
});
