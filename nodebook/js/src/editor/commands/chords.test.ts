import { expect, test } from "vitest";
import { chordOf, chordText } from "./chords";

const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

test.each([
  [{ key: "z", ctrlKey: true }, "Mod+Z"],
  [{ key: "Z", metaKey: true, shiftKey: true }, "Mod+Shift+Z"],
  [{ key: "ArrowUp", shiftKey: true }, "Shift+ArrowUp"],
  [{ key: "ArrowLeft", altKey: true }, "Alt+ArrowLeft"],
  [{ key: "¬", code: "KeyL", altKey: true }, "Alt+L"],
  [{ key: "l", code: "KeyP", altKey: true }, "Alt+L"],
  [{ key: "?", shiftKey: true }, "?"],
  [{ key: "+", ctrlKey: true }, "Mod++"],
  [{ key: "A", shiftKey: true }, "Shift+A"],
  [{ key: " " }, "Space"],
])("the chord of %o is %s", (event, chord) => {
  expect(chordOf({ ...plain, ...event })).toBe(chord);
});

test.each([
  ["Mod+Shift+Z", false, "Ctrl+Shift+Z"],
  ["Mod+Shift+Z", true, "⌘⇧Z"],
  ["Shift+ArrowUp", false, "Shift+↑"],
  ["Mod++", false, "Ctrl++"],
  ["+", false, "+"],
])("%s is shown (Mac: %s) as %s", (chord, mac, text) => {
  expect(chordText(chord, mac)).toBe(text);
});
