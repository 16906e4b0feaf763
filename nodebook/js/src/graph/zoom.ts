/** Where a picture stands in its frame: `scale` screen pixels for a picture's pixel, its corner at `x`, `y`. */

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export interface Placing extends Spot {
  readonly scale: number;
}

export const MOST_ZOOM = 32;
const LEAST_SIDE_PX = 32;

/** Whole and in the middle; never larger than `most` times its pixels. */
export function fitted(picture: Extent, frame: Extent, most = 4): Placing {
  const scale = Math.min(most, frame.width / picture.width, frame.height / picture.height);
  return centred(picture, frame, scale > 0 && Number.isFinite(scale) ? scale : 1);
}

export function centred(picture: Extent, frame: Extent, scale: number): Placing {
  return { x: (frame.width - picture.width * scale) / 2, y: (frame.height - picture.height * scale) / 2, scale };
}

/** Larger or smaller by a factor, with what is at `at` staying there. */
export function zoomedAt(now: Placing, factor: number, at: Spot, picture: Extent, frame: Extent): Placing {
  const least = Math.min(fitted(picture, frame).scale, LEAST_SIDE_PX / Math.max(picture.width, picture.height));
  const scale = Math.min(MOST_ZOOM, Math.max(least, now.scale * factor));
  const by = scale / now.scale;
  return kept({ x: at.x - (at.x - now.x) * by, y: at.y - (at.y - now.y) * by, scale }, picture, frame);
}

export function moved(now: Placing, dx: number, dy: number, picture: Extent, frame: Extent): Placing {
  return kept({ ...now, x: now.x + dx, y: now.y + dy }, picture, frame);
}

/** In the middle of its frame where it is smaller, and filling it where it is larger. */
function kept(now: Placing, picture: Extent, frame: Extent): Placing {
  const along = (at: number, size: number, room: number) =>
    size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
  return {
    x: along(now.x, picture.width * now.scale, frame.width),
    y: along(now.y, picture.height * now.scale, frame.height),
    scale: now.scale,
  };
}
