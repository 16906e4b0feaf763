/** A mask of one byte a pixel, 255 where it is selected, and what can be done to all of it. No page, no framework. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MaskLayer {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

export function emptyLayer(width: number, height: number): MaskLayer {
  return { width, height, data: new Uint8ClampedArray(width * height) };
}

export function wholeRect(layer: MaskLayer): Rect {
  return { x: 0, y: 0, width: layer.width, height: layer.height };
}

/** The part of a rectangle that lies on the layer, in whole pixels; null where none does. */
export function clipRect(layer: MaskLayer, rect: Rect): Rect | null {
  const left = Math.max(0, Math.floor(rect.x));
  const top = Math.max(0, Math.floor(rect.y));
  const right = Math.min(layer.width, Math.ceil(rect.x + rect.width));
  const bottom = Math.min(layer.height, Math.ceil(rect.y + rect.height));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

export function unite(a: Rect | null, b: Rect | null): Rect | null {
  if (a === null || b === null) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  return { x, y, width, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

export function copyRect(layer: MaskLayer, rect: Rect): Uint8ClampedArray {
  const copy = new Uint8ClampedArray(rect.width * rect.height);
  for (let row = 0; row < rect.height; row += 1) {
    const from = (rect.y + row) * layer.width + rect.x;
    copy.set(layer.data.subarray(from, from + rect.width), row * rect.width);
  }
  return copy;
}

export function pasteRect(layer: MaskLayer, rect: Rect, bytes: Uint8ClampedArray): void {
  for (let row = 0; row < rect.height; row += 1) {
    const line = bytes.subarray(row * rect.width, (row + 1) * rect.width);
    layer.data.set(line, (rect.y + row) * layer.width + rect.x);
  }
}

export function invert(layer: MaskLayer): void {
  const { data } = layer;
  for (let at = 0; at < data.length; at += 1) data[at] = 255 - (data[at] as number);
}

export function isEmpty(layer: MaskLayer): boolean {
  return layer.data.every((value) => value === 0);
}

const MIDDLE = 128;

/**
 * Fill the area around a pixel up to where the mask changes between selected and not: with 255, or to erase with 0.
 * Returns what changed. A scan of whole rows, so that the stack stays small.
 */
export function fillArea(layer: MaskLayer, x: number, y: number, erase: boolean): Rect | null {
  const { width, height, data } = layer;
  const [startX, startY] = [Math.floor(x), Math.floor(y)];
  if (startX < 0 || startY < 0 || startX >= width || startY >= height) return null;
  const value = erase ? 0 : 255;
  const before = data.slice();
  const isInside = (at: number) => (erase ? (data[at] as number) >= MIDDLE : (data[at] as number) < MIDDLE);
  if (!isInside(startY * width + startX)) return null;
  let changed: Rect | null = null;
  const stack = [startX, startY];
  while (stack.length > 0) {
    const row = stack.pop() as number;
    let left = stack.pop() as number;
    const line = row * width;
    if (!isInside(line + left)) continue;
    let right = left;
    while (left > 0 && isInside(line + left - 1)) left -= 1;
    while (right < width - 1 && isInside(line + right + 1)) right += 1;
    data.fill(value, line + left, line + right + 1);
    changed = unite(changed, { x: left, y: row, width: right - left + 1, height: 1 });
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      for (let at = left; at <= right; at += 1) {
        const begins = at === left || !isInside(next * width + at - 1);
        if (begins && isInside(next * width + at)) stack.push(at, next);
      }
    }
  }
  return changed === null ? null : unite(changed, fillRim(layer, before, changed, erase));
}

/** A soft edge around what was filled is filled too, up to its crest: else a seam would be left. */
function fillRim(layer: MaskLayer, before: Uint8ClampedArray, filled: Rect, erase: boolean): Rect | null {
  const { width, height, data } = layer;
  const value = erase ? 0 : 255;
  const queue: number[] = [];
  for (let row = filled.y; row < filled.y + filled.height; row += 1) {
    for (let at = row * width + filled.x; at < row * width + filled.x + filled.width; at += 1) {
      if (data[at] === value && before[at] !== value) queue.push(at);
    }
  }
  let changed: Rect | null = null;
  const climb = (from: number, to: number) => {
    const [a, b] = [before[from] as number, before[to] as number];
    if (data[to] === value || (erase ? b >= a : b <= a)) return;
    data[to] = value;
    queue.push(to);
    changed = unite(changed, { x: to % width, y: Math.floor(to / width), width: 1, height: 1 });
  };
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const column = at % width;
    if (column > 0) climb(at, at - 1);
    if (column < width - 1) climb(at, at + 1);
    if (at >= width) climb(at, at - width);
    if (at < width * (height - 1)) climb(at, at + width);
  }
  return changed;
}

const PASSES = 3;

/** Soften all edges: three box blurs, which come close to a bell curve of `radius` pixels. */
export function feather(layer: MaskLayer, radius: number): void {
  const half = Math.round(radius / Math.sqrt(PASSES));
  if (half < 1) return;
  const { width, height, data } = layer;
  const other = new Uint8ClampedArray(data.length);
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (let row = 0; row < height; row += 1) blurLine(data, other, row * width, 1, width, half);
    for (let column = 0; column < width; column += 1) blurLine(other, data, column, width, height, half);
  }
}

/** A box blur of one row or column; its ends go on as they are beyond the edge. */
function blurLine(
  from: Uint8ClampedArray,
  to: Uint8ClampedArray,
  start: number,
  step: number,
  length: number,
  half: number,
): void {
  const at = (index: number) => from[start + Math.min(length - 1, Math.max(0, index)) * step] as number;
  let sum = 0;
  for (let index = -half; index <= half; index += 1) sum += at(index);
  const size = 2 * half + 1;
  for (let index = 0; index < length; index += 1) {
    to[start + index * step] = Math.round(sum / size);
    sum += at(index + half + 1) - at(index - half);
  }
}
