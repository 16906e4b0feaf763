import { expect, test } from "vitest";
import { inputForFile, isPicture, takesFile } from "./files";
import type { InputInfo, Widget } from "./library";

const PICTURE: Widget = { kind: "picture", options: [] };
const SOUND: Widget = { kind: "file", options: [], accept: [".wav", ".mp3"] };
const input = (name: string, widget: Widget | null): InputInfo => ({ name, type: "STRING", widget });
const file = (name: string, type = "") => ({ name, type });

test("pictures are known by their type, or by their name where the browser knows no type", () => {
  expect(isPicture(file("a.png", "image/png"))).toBe(true);
  expect(isPicture(file("a.JPG"))).toBe(true);
  expect(isPicture(file("a.png", "text/plain"))).toBe(false);
  expect(isPicture(file("a.wav"))).toBe(false);
});

test("an input for files takes those of its suffixes, in any case", () => {
  expect(takesFile(SOUND, file("A.WAV"))).toBe(true);
  expect(takesFile(SOUND, file("a.png", "image/png"))).toBe(false);
  expect(takesFile({ kind: "file", options: [], accept: [] }, file("anything"))).toBe(true);
  expect(takesFile({ kind: "text" }, file("a.wav"))).toBe(false);
  expect(takesFile(null, file("a.wav"))).toBe(false);
});

test("a file goes to the first input that takes it and has no link", () => {
  const inputs = [input("text", { kind: "text" }), input("a", PICTURE), input("b", PICTURE), input("sound", SOUND)];
  const none = () => false;
  expect(inputForFile(inputs, none, file("x.png", "image/png"))).toBe("a");
  expect(inputForFile(inputs, (name) => name === "a", file("x.png", "image/png"))).toBe("b");
  expect(inputForFile(inputs, none, file("x.mp3", "audio/mpeg"))).toBe("sound");
  expect(inputForFile(inputs, none, file("x.zip"))).toBeUndefined();
});
