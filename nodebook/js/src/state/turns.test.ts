import { expect, test } from "vitest";
import { createTurns } from "./turns";

/** Turns whose frames the test makes; `frame` says how many ms it took. */
function setUp() {
  const end = new AbortController();
  let time = 0;
  let callback: ((time: number) => void) | null = null;
  const went: number[] = [];
  const turns = createTurns(end.signal, (next) => {
    callback = next;
  });
  const frame = (ms = 16) => {
    time += ms;
    const call = callback;
    callback = null;
    const start = went.length;
    call?.(time);
    return went.slice(start);
  };
  const request = (count: number) => Array.from({ length: count }, (_, at) => turns.request(() => went.push(at)));
  return { end, frame, request, isAsked: () => callback !== null };
}

test("each gets its turn in the order of asking, a few in a frame, and no frame is asked for when all had theirs", () => {
  const { frame, request, isAsked } = setUp();
  request(6);
  expect([frame(), frame()]).toEqual([
    [0, 1, 2, 3],
    [4, 5],
  ]);
  expect(isAsked()).toBe(false);
});

test("late frames make them fewer, down to one, and frames in time more again", () => {
  const { frame, request } = setUp();
  request(20);
  const counts = [16, 60, 60, 60, 16, 16, 16].map((ms) => frame(ms).length);
  expect(counts).toEqual([4, 2, 1, 1, 2, 3, 4]);
});

test("who gave up, and everybody after the end, is passed over", () => {
  const { end, frame, request } = setUp();
  request(3)[1]?.();
  expect(frame()).toEqual([0, 2]);
  request(2);
  end.abort();
  expect(frame()).toEqual([]);
});
