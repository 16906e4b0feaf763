import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAcks } from "./acks";

describe("acknowledgements of pictures", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("that come close together are one, with the newest number", () => {
    const said: number[] = [];
    const note = createAcks((seq) => said.push(seq), new AbortController().signal);
    for (const seq of [1, 3, 2]) note(seq);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(said).toEqual([3]);
    note(4);
    vi.advanceTimersByTime(100);
    expect(said).toEqual([3, 4]);
  });

  test("are not sent once the view is gone", () => {
    const said: number[] = [];
    const view = new AbortController();
    const note = createAcks((seq) => said.push(seq), view.signal);
    note(1);
    view.abort();
    note(2);
    vi.advanceTimersByTime(1000);
    expect(said).toEqual([]);
  });
});
