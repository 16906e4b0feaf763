import { describe, expect, it } from "vitest";
import cases from "../../../../tests/fixtures/curves.json";
import { addPoint, type CurvePoints, curveAt, movePoint, pointsOf, removePoint, STRAIGHT } from "./curves";

const THREE: CurvePoints = [
  [0, 0],
  [0.5, 0.25],
  [1, 1],
];

describe("curves.json, shared with Python", () => {
  it.each(cases)("$name", ({ points, line }) => {
    const at = curveAt(points as unknown as CurvePoints);
    for (const [x, y] of line as [number, number][]) expect(at(x)).toBeCloseTo(y, 9);
  });
});

describe("the points of a curve", () => {
  it("are the straight line where a value is none, and in order", () => {
    expect(pointsOf(undefined)).toBe(STRAIGHT);
    expect(pointsOf([[0, 0]])).toBe(STRAIGHT);
    expect(pointsOf([[0, 0], "x"])).toBe(STRAIGHT);
    expect(
      pointsOf([
        [1, 0.5],
        [0, 0.25],
      ]),
    ).toEqual([
      [0, 0.25],
      [1, 0.5],
    ]);
  });

  it("stay between their neighbours and inside the frame", () => {
    expect(movePoint(THREE, 1, 5, 5)[1]).toEqual([0.998, 1]);
    expect(movePoint(THREE, 1, -5, -5)[1]).toEqual([0.002, 0]);
    expect(movePoint(THREE, 0, 0.1, 0.2)[0]).toEqual([0.1, 0.2]);
    expect(movePoint(THREE, 2, 9, 0.5)[2]).toEqual([1, 0.5]);
  });

  it("are added where there is room, and removed down to two", () => {
    expect(addPoint(THREE, 0.75, 0.123456)).toEqual({
      points: [
        [0, 0],
        [0.5, 0.25],
        [0.75, 0.1235],
        [1, 1],
      ],
      index: 2,
    });
    expect(addPoint(THREE, 0.5001, 0.9)).toBeNull();
    expect(addPoint(THREE, 1.2, 0.9)).toBeNull();
    expect(removePoint(THREE, 1)).toEqual(STRAIGHT);
    expect(removePoint(STRAIGHT, 0)).toBe(STRAIGHT);
  });
});
