/** From a picture to a layer, and from a layer to a picture. */
import { emptyLayer, type MaskLayer, type Rect } from "../../mask/layer";

/** The selection shows as this colour over the picture. */
const TINT = [229, 57, 53] as const;
const TINT_ALPHA = 0.6;

export interface Painting {
  readonly picture: ImageBitmap;
  readonly layer: MaskLayer;
}

/** The picture, opaque, and what its transparency selects. */
export async function openPainting(blob: Blob): Promise<Painting> {
  // Not premultiplied: under transparent pixels the colours count too.
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("The browser gives no canvas for a picture of this size.");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const pixels = context.getImageData(0, 0, width, height);
  const layer = emptyLayer(width, height);
  for (let at = 0; at < layer.data.length; at += 1) {
    layer.data[at] = 255 - (pixels.data[4 * at + 3] as number);
    pixels.data[4 * at + 3] = 255;
  }
  return { picture: await createImageBitmap(pixels), layer };
}

/** Draw a part of the selection in its colour. */
export function drawSelection(canvas: HTMLCanvasElement, layer: MaskLayer, rect: Rect): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const pixels = context.createImageData(rect.width, rect.height);
  for (let row = 0; row < rect.height; row += 1) {
    for (let column = 0; column < rect.width; column += 1) {
      const at = 4 * (row * rect.width + column);
      pixels.data.set(TINT, at);
      pixels.data[at + 3] = (layer.data[(rect.y + row) * layer.width + rect.x + column] as number) * TINT_ALPHA;
    }
  }
  context.putImageData(pixels, rect.x, rect.y);
}

/** The mask as a grey picture, white where it selects. */
export async function encodeMask(layer: MaskLayer): Promise<ArrayBuffer> {
  const canvas = new OffscreenCanvas(layer.width, layer.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("The browser gives no canvas for a picture of this size.");
  const pixels = context.createImageData(layer.width, layer.height);
  for (let at = 0; at < layer.data.length; at += 1) {
    pixels.data.fill(layer.data[at] as number, 4 * at, 4 * at + 3);
    pixels.data[4 * at + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer();
}
