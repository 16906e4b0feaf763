import { expect, test } from "vitest";
import type { PictureMessage } from "../protocol";
import { createPictures } from "./pictures";

function setup() {
  const done: number[] = [];
  const pictures = createPictures((seq) => done.push(seq));
  const receive = (seq: number, more: Partial<PictureMessage> = {}) => {
    const message: PictureMessage = {
      type: "picture",
      node: "1",
      index: 0,
      count: 1,
      width: 4,
      height: 4,
      mime: "image/jpeg",
      seq,
      kind: "preview",
      ...more,
    };
    pictures.receive(message, new DataView(new ArrayBuffer(8), 2, 4));
  };
  const frames = () => pictures.store.getState().byNode["1"]?.frames.map((frame) => frame?.seq);
  return { pictures, receive, done, frames };
}

test("a frame of a node that nobody looks at is done with at once", () => {
  const { receive, done, frames } = setup();
  receive(1);
  expect(done).toEqual([1]);
  expect(frames()).toEqual([1]);
});

test("a watched frame is done with when it was painted, or when a newer one took its place", () => {
  const { pictures, receive, done } = setup();
  pictures.watch("1", 0);
  receive(1);
  expect(done).toEqual([]);
  receive(2);
  expect(done).toEqual([1]);
  pictures.painted(2);
  pictures.painted(2);
  expect(done).toEqual([1, 2]);
});

test("an older frame never takes a newer one's place", () => {
  const { receive, done, frames } = setup();
  receive(5);
  receive(4);
  expect(frames()).toEqual([5]);
  expect(done).toEqual([5, 4]);
});

test("results of a batch gather, previews are replaced by them", () => {
  const { receive, frames } = setup();
  receive(1);
  receive(2, { kind: "result", index: 0, count: 3 });
  receive(4, { kind: "result", index: 2, count: 3 });
  expect(frames()).toEqual([2, undefined, 4]);
  receive(5);
  expect(frames()).toEqual([5]);
});

test("looking away is done with what was not painted", () => {
  const { pictures, receive, done } = setup();
  const stop = pictures.watch("1", 0);
  receive(1);
  stop();
  expect(done).toEqual([1]);
});

test("only the picture's own bytes are kept", () => {
  const { pictures, receive } = setup();
  receive(1);
  expect(pictures.store.getState().byNode["1"]?.frames[0]?.blob.size).toBe(4);
});

test("while previews are paused they are done with as they come, and results are shown", () => {
  const { pictures, receive, done, frames } = setup();
  pictures.watch("1", 0);
  receive(1);
  pictures.pausePreviews(true);
  receive(2);
  expect(frames()).toEqual([1]);
  expect(done).toEqual([2]);
  receive(3, { kind: "result" });
  expect(frames()).toEqual([3]);
  pictures.pausePreviews(false);
  receive(4);
  expect(frames()).toEqual([4]);
});
