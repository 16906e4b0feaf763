import { expect, test } from "vitest";
import { fromMap, mapScale } from "./minimap";

const MAP = { width: 160, height: 100 };

test.each([
  ["the sight in the graph", { x: 0, y: 0, width: 1600, height: 400 }, { x: 300, y: 100, width: 400, height: 200 }],
  [
    "the sight beside the graph",
    { x: 0, y: 0, width: 100, height: 4000 },
    { x: -900, y: 9000, width: 400, height: 200 },
  ],
  ["a graph of one point", { x: 5, y: 5, width: 0, height: 0 }, { x: 5, y: 5, width: 0, height: 0 }],
])("%s: both are on the map, inside the margin", (_name, graph, sight) => {
  const to = mapScale(MAP, graph, sight, 4);
  for (const { x, y, width, height } of [graph, sight]) {
    expect(x * to.scale + to.dx).toBeGreaterThanOrEqual(3.999);
    expect((x + width) * to.scale + to.dx).toBeLessThanOrEqual(156.001);
    expect(y * to.scale + to.dy).toBeGreaterThanOrEqual(3.999);
    expect((y + height) * to.scale + to.dy).toBeLessThanOrEqual(96.001);
  }
});

test("a place of the map leads back to the graph", () => {
  const to = mapScale(MAP, { x: -50, y: 20, width: 2000, height: 900 }, { x: 0, y: 0, width: 10, height: 10 }, 4);
  const place = fromMap(to, { x: 700 * to.scale + to.dx, y: 300 * to.scale + to.dy });
  expect(place.x).toBeCloseTo(700);
  expect(place.y).toBeCloseTo(300);
});
