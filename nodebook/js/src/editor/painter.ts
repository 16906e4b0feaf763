/**
 * Paints pictures on one canvas. While one is being decoded only the newest of those that follow is kept, so a flood of
 * frames is neither queued nor starved.
 */
import type { Picture } from "../state/pictures";

export interface Painter {
  paint(picture: Picture): void;
  stop(): void;
}

export function createPainter(canvas: HTMLCanvasElement, onPainted: (seq: number) => void): Painter {
  let next: Picture | null = null;
  let busy = false;
  let stopped = false;

  const draw = (picture: Picture, bitmap: ImageBitmap) => {
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    requestAnimationFrame(() => {
      canvas.dataset.seq = String(picture.seq);
      canvas.dataset.paintedAt = String(performance.timeOrigin + performance.now());
      onPainted(picture.seq);
    });
  };

  const work = async () => {
    busy = true;
    while (next !== null && !stopped) {
      const picture = next;
      next = null;
      try {
        const bitmap = await createImageBitmap(picture.blob);
        if (stopped) bitmap.close();
        else draw(picture, bitmap);
      } catch {
        // A picture that cannot be decoded counts as done: the kernel must not wait for it.
        canvas.dataset.broken = String(picture.seq);
        onPainted(picture.seq);
      }
    }
    busy = false;
  };

  return {
    paint(picture) {
      next = picture;
      if (!busy) void work();
    },
    stop() {
      stopped = true;
      next = null;
    },
  };
}
