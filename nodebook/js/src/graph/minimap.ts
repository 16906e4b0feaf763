/** Where things are on a small map of the whole graph. */
import type { Point } from "./compose";
import type { Box, Size } from "./layout";

/** Graph pixels to map pixels: `x * scale + dx`. */
export interface MapScale {
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

/** Such that the graph and what is in sight of it both are on the map, in its middle, with a margin. */
export function mapScale(map: Size, graph: Box, sight: Box, margin: number): MapScale {
  const left = Math.min(graph.x, sight.x);
  const top = Math.min(graph.y, sight.y);
  const width = Math.max(1, Math.max(graph.x + graph.width, sight.x + sight.width) - left);
  const height = Math.max(1, Math.max(graph.y + graph.height, sight.y + sight.height) - top);
  const scale = Math.min((map.width - 2 * margin) / width, (map.height - 2 * margin) / height);
  return {
    scale,
    dx: map.width / 2 - (left + width / 2) * scale,
    dy: map.height / 2 - (top + height / 2) * scale,
  };
}

/** The graph's place below a place of the map. */
export function fromMap({ scale, dx, dy }: MapScale, at: Point): Point {
  return { x: (at.x - dx) / scale, y: (at.y - dy) / scale };
}
