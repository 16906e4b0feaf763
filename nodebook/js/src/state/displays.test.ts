import { expect, test } from "vitest";
import type { DisplayMessage } from "../protocol";
import { createDisplays, type Display, type FigureData, type MediaData } from "./displays";

function received(infos: Record<string, unknown>[], buffers: number[][] = []): readonly Display[] | undefined {
  const displays = createDisplays();
  const views = buffers.map((bytes) => new DataView(new Uint8Array(bytes).buffer));
  displays.receive({ type: "display", node: "1", displays: infos as unknown as DisplayMessage["displays"] }, views);
  return displays.store.getState().byNode["1"];
}

test("files come as blobs of their type, copied", async () => {
  const [first, second] = received(
    [
      { kind: "audio", mime: "audio/wav", file: "a.wav", buffer: 1 },
      { kind: "figure", mime: "image/png", width: 4, height: 3, buffer: 0 },
    ],
    [[1], [2, 3]],
  ) as [MediaData, FigureData];
  expect(first.blob.type).toBe("audio/wav");
  expect(new Uint8Array(await first.blob.arrayBuffer())).toEqual(new Uint8Array([2, 3]));
  expect(second).toMatchObject({ kind: "figure", width: 4 });
});

test.each([
  { kind: "figure", mime: "image/svg+xml", buffer: 0 },
  { kind: "figure", mime: "text/html", buffer: 0 },
  { kind: "audio", mime: "text/html", buffer: 0 },
  { kind: "video", mime: "video/mp4", buffer: 7 },
  { kind: "html", mime: "text/html", buffer: 0 },
  { kind: "constructor", mime: "image/png", buffer: 0 },
])("what may hold code, has no file or is not known is left out: $kind $mime", (info) => {
  expect(received([info], [[1]])).toBeUndefined();
});

test("a node shows what came last, and nothing after an empty list", () => {
  const displays = createDisplays();
  const tell = (infos: DisplayMessage["displays"]) =>
    displays.receive({ type: "display", node: "1", displays: infos }, []);
  tell([{ kind: "note", text: "a", buffer: null }]);
  tell([{ kind: "compare", pairs: 2, buffer: null }]);
  expect(displays.store.getState().byNode["1"]).toEqual([{ kind: "compare", pairs: 2, buffer: null }]);
  tell([]);
  expect(displays.store.getState().byNode).toEqual({});
});
