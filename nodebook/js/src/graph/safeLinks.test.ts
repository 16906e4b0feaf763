import { expect, test } from "vitest";
import { decodeEntities, safeHref, safePicture } from "./safeLinks";

test.each([
  ["https://example.org/a?b=c#d", "https://example.org/a?b=c#d"],
  ["HTTP://example.org", "HTTP://example.org"],
  ["mailto:someone@example.org", "mailto:someone@example.org"],
  [" https://example.org ", "https://example.org"],
  ["javascript:alert(1)", null],
  ["java\nscript:alert(1)", null],
  ["\u0001javascript:alert(1)", null],
  ["data:text/html,<script>", null],
  ["vbscript:x", null],
  ["file:///etc/passwd", null],
  ["//example.org", null],
  ["/lab/tree/secret.ipynb", null],
  ["#here", null],
  ["https://", null],
])("a link to %j becomes %j", (address, href) => {
  expect(safeHref(address)).toBe(href);
});

test.each([
  ["data:image/png;base64,iVBORw0KGgo=", true],
  ["data:image/svg+xml;base64,PHN2Zz4=", false],
  ["data:image/png,raw", false],
  ["https://example.org/a.png", false],
  ["/files/a.png", false],
])("a picture at %s is shown: %s", (address, shown) => {
  expect(safePicture(address) !== null).toBe(shown);
});

test.each([
  ["a &amp; b &lt;c&gt;", "a & b <c>"],
  ["&#65;&#x42;&nbsp;", "AB\u00a0"],
  ["&unknown; &#0; &#x110000; &amp", "&unknown; &#0; &#x110000; &amp"],
])("%j reads %j", (text, decoded) => {
  expect(decodeEntities(text)).toBe(decoded);
});
