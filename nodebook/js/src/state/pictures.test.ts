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
      result: 0,
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

test("two may look at one picture, or at two of a batch: each is waited for while somebody looks", () => {
  const { pictures, receive, done } = setup();
  pictures.watch("1", 0);
  const close = pictures.watch("1", 0);
  const second = pictures.watch("1", 1);
  receive(1, { count: 2 });
  receive(2, { count: 2, index: 1 });
  close();
  expect(done).toEqual([]);
  second();
  expect(done).toEqual([2]);
  pictures.painted(1);
  expect(done).toEqual([2, 1]);
});

test("only the picture's own bytes are kept", () => {
  const { pictures, receive } = setup();
  receive(1);
  expect(pictures.store.getState().byNode["1"]?.frames[0]?.blob.size).toBe(4);
});

test("the rest of a batch is asked for once for each result, in rows of eight", () => {
  const { pictures, receive } = setup();
  const batch = { kind: "result", count: 20, result: 1 } as const;
  expect(pictures.toAsk("1", 0)).toBeNull();
  receive(1, batch);
  expect(pictures.toAsk("1", 0)).toBeNull();
  expect(pictures.toAsk("1", 13)).toBe(8);
  expect(pictures.toAsk("1", 9)).toBeNull();
  expect(pictures.toAsk("1", 16)).toBe(16);
  expect(pictures.toAsk("1", 20)).toBeNull();
  receive(2, { ...batch, result: 2 });
  expect(pictures.toAsk("1", 13)).toBe(8);
});

test("of another result the first pictures stay until theirs come, the others go", () => {
  const { receive, frames } = setup();
  const batch = { kind: "result", count: 10 } as const;
  receive(1, { ...batch, index: 0, result: 1 });
  receive(2, { ...batch, index: 1, result: 1 });
  receive(3, { ...batch, index: 9, result: 1 });
  receive(4, { ...batch, index: 0, result: 2 });
  expect(frames()?.filter(Boolean)).toEqual([4, 2]);
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
