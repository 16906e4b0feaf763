/** Strokes of a brush on a mask. Within one stroke nothing is painted twice: opacity is that of the whole stroke. */
import { clipRect, type MaskLayer, type Rect, unite } from "./layer";

export interface Brush {
  /** Pixels of the picture. */
  readonly radius: number;
  /** 1: a hard edge; 0: fades from the middle on. */
  readonly hardness: number;
  readonly opacity: number;
  readonly erase: boolean;
}

/** Where the pen is; `pressure` makes the brush smaller, 1 is all of it. */
export interface Touch {
  readonly x: number;
  readonly y: number;
  readonly pressure: number;
}

/** Dabs this part of the radius apart look like a line. */
const SPACING = 0.2;
const THINNEST = 0.5;

export interface Stroke {
  /** Paint on to a place. Returns what changed since the last call. */
  to(touch: Touch): Rect | null;
  /** The layer as it was. */
  readonly before: Uint8ClampedArray;
  /** All that this stroke changed. */
  readonly changed: Rect | null;
}

export function beginStroke(layer: MaskLayer, brush: Brush, start: Touch): Stroke {
  const before = layer.data.slice();
  const coverage = new Uint8ClampedArray(layer.data.length);
  let last = start;
  let changed: Rect | null = null;

  const dab = (touch: Touch): Rect | null => {
    const radius = Math.max(THINNEST, brush.radius * touch.pressure);
    const size = 2 * radius + 2;
    const rect = clipRect(layer, { x: touch.x - radius - 1, y: touch.y - radius - 1, width: size, height: size });
    if (rect === null) return null;
    for (let row = rect.y; row < rect.y + rect.height; row += 1) {
      for (let column = rect.x; column < rect.x + rect.width; column += 1) {
        const distance = Math.hypot(column + 0.5 - touch.x, row + 0.5 - touch.y);
        const share = coverageAt(distance, radius, brush.hardness) * 255;
        const at = row * layer.width + column;
        if (share > (coverage[at] as number)) {
          coverage[at] = share;
          layer.data[at] = mixed(before[at] as number, ((coverage[at] as number) / 255) * brush.opacity, brush.erase);
        }
      }
    }
    return rect;
  };

  const to = (touch: Touch): Rect | null => {
    let part: Rect | null = null;
    for (const place of between(last, touch, brush.radius)) part = unite(part, dab(place));
    last = touch;
    changed = unite(changed, part);
    return part;
  };
  changed = dab(start);
  return {
    to,
    before,
    get changed() {
      return changed;
    },
  };
}

/** How much a dab covers at a distance from its middle; one pixel at the edge is smooth even where it is hard. */
export function coverageAt(distance: number, radius: number, hardness: number): number {
  if (distance >= radius + 0.5) return 0;
  const edge = Math.min(1, radius + 0.5 - distance);
  const core = radius * hardness;
  if (distance <= core || core >= radius) return edge;
  const out = Math.min(1, (distance - core) / (radius - core));
  // Smooth at both ends.
  return Math.max(0, Math.min(edge, 1 - out * out * (3 - 2 * out)));
}

function mixed(before: number, share: number, erase: boolean): number {
  return erase ? before * (1 - share) : before + (255 - before) * share;
}

/** Places from one touch (not included) to another (included). */
export function between(from: Touch, to: Touch, radius: number): Touch[] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const pressed = Math.min(from.pressure, to.pressure);
  const step = Math.max(0.5, radius * pressed * SPACING);
  const count = Math.max(1, Math.ceil(length / step));
  return Array.from({ length: count }, (_, index) => {
    const share = (index + 1) / count;
    return {
      x: from.x + (to.x - from.x) * share,
      y: from.y + (to.y - from.y) * share,
      pressure: from.pressure + (to.pressure - from.pressure) * share,
    };
  });
}
