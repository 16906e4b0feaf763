import { expect, test } from "vitest";
import type { FullPictureMessage, ToKernel } from "../protocol";
import { createFullPictures } from "./fullPictures";

function setup(reachable = true) {
  const sent: ToKernel[] = [];
  const send = (message: ToKernel) => {
    sent.push(message);
    return reachable;
  };
  const pictures = createFullPictures("a", send, new AbortController().signal);
  const answer = (more: Partial<FullPictureMessage> = {}, bytes?: Uint8Array) => {
    const message: FullPictureMessage = {
      type: "full_picture",
      to: "a",
      node: "1",
      index: 2,
      file: null,
      width: 8,
      height: 4,
      name: "cat.png",
      reason: null,
      ...more,
    };
    pictures.receive(message, bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  };
  return { pictures, sent, answer };
}

test("a picture is asked for once, however many wait for it, and is a copy of the bytes", async () => {
  const { pictures, sent, answer } = setup();
  const both = Promise.all([pictures.ask("1", 2), pictures.ask("1", 2)]);
  expect(sent).toEqual([{ type: "full_picture", client: "a", node: "1", index: 2, file: null }]);
  answer({}, new Uint8Array([9, 1, 2, 3]).subarray(1));
  const [first, second] = await both;
  expect(first).toMatchObject({ name: "cat.png", width: 8, height: 4 });
  expect(new Uint8Array(await second.blob.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
  void pictures.ask("1", 2);
  expect(sent).toHaveLength(2);
});

test("the answers to others are not ours", async () => {
  const { pictures, answer } = setup();
  const asked = pictures.ask("1", 2);
  answer({ to: "b" }, new Uint8Array([1]));
  answer({ index: 3 }, new Uint8Array([1]));
  answer({ width: 5 }, new Uint8Array([1]));
  expect((await asked).width).toBe(5);
});

test("without a picture there are words for a person", async () => {
  const { pictures, answer } = setup();
  const asked = pictures.ask("1", 2);
  answer({ reason: "run the node again" });
  await expect(asked).rejects.toThrow("run the node again");
  await expect(setup(false).pictures.ask("1", 2)).rejects.toThrow("does not answer");
});
