import { describe, expect, it } from "vitest";
import { fitted, moved, zoomedAt } from "./zoom";

const FRAME = { width: 800, height: 400 };
const PICTURE = { width: 1000, height: 1000 };

describe("a picture in its frame", () => {
  it("is whole and in the middle at first, small ones at most four times their size", () => {
    expect(fitted(PICTURE, FRAME)).toEqual({ scale: 0.4, x: 200, y: 0 });
    expect(fitted({ width: 10, height: 10 }, FRAME)).toEqual({ scale: 4, x: 380, y: 180 });
    expect(fitted(PICTURE, { width: 0, height: 0 }).scale).toBe(1);
  });

  it("grows around the pointer", () => {
    const start = zoomedAt(fitted(PICTURE, FRAME), 5, { x: 400, y: 200 }, PICTURE, FRAME);
    expect(start.scale).toBe(2);
    const at = { x: 300, y: 100 };
    const before = { x: (at.x - start.x) / start.scale, y: (at.y - start.y) / start.scale };
    const after = zoomedAt(start, 1.5, at, PICTURE, FRAME);
    expect((at.x - after.x) / after.scale).toBeCloseTo(before.x);
    expect((at.y - after.y) / after.scale).toBeCloseTo(before.y);
  });

  it("has limits, and is in the middle when it is small", () => {
    const start = fitted(PICTURE, FRAME);
    expect(zoomedAt(start, 1e9, { x: 0, y: 0 }, PICTURE, FRAME).scale).toBe(32);
    const small = zoomedAt(start, 1e-9, { x: 0, y: 0 }, PICTURE, FRAME);
    expect(small.scale).toBeCloseTo(0.032);
    expect(small.x).toBeCloseTo(384);
  });

  it("cannot be moved out of its frame", () => {
    const large = { scale: 2, x: -100, y: -100 };
    expect(moved(large, 1e6, 1e6, PICTURE, FRAME)).toEqual({ scale: 2, x: 0, y: 0 });
    expect(moved(large, -1e6, -1e6, PICTURE, FRAME)).toEqual({ scale: 2, x: -1200, y: -1600 });
    expect(moved(fitted(PICTURE, FRAME), 50, 50, PICTURE, FRAME)).toEqual(fitted(PICTURE, FRAME));
  });
});
