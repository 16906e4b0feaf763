import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { Picture } from "../../state/pictures";
import { createPainter } from "../painter";
import type { Zoom } from "./useZoom";

/** From this zoom on single pixels are squares. */
const PIXELS_FROM = 3;

interface Props {
  readonly id: string;
  readonly picture: Picture | undefined;
  /** The whole picture, once it has come. */
  readonly full: Blob | undefined;
  readonly zoom: Zoom;
}

/** A picture that the wheel zooms and the pointer moves. A small copy is shown until the whole one is there. */
export function ZoomedPicture({ id, picture, full, zoom }: Props) {
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const drag = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    if (canvas === null || picture === undefined) return;
    const painter = createPainter(canvas, () => {});
    painter.paint(full === undefined ? picture : { ...picture, blob: full });
    return painter.stop;
  }, [canvas, picture, full]);
  const onPointerMove = (event: PointerEvent) => {
    if (drag.current === null) return;
    zoom.pan(event.clientX - drag.current.x, event.clientY - drag.current.y);
    drag.current = { x: event.clientX, y: event.clientY };
  };
  const { now } = zoom;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the dialog around it has keys for all of it
    <div
      ref={zoom.setBox}
      className="nb-zoom"
      data-testid="nb-zoom"
      data-fitted={zoom.isFitted}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null;
      }}
      onPointerCancel={() => {
        drag.current = null;
      }}
      onDoubleClick={() => (zoom.isFitted ? zoom.actual() : zoom.fit())}
    >
      {picture === undefined ? (
        <p className="nb-zoom-wait">The picture is on its way</p>
      ) : (
        <canvas
          ref={setCanvas}
          role="img"
          aria-label={`Picture of node ${id}, ${picture.width} × ${picture.height}`}
          data-whole={full !== undefined}
          style={{
            width: picture.width * now.scale,
            height: picture.height * now.scale,
            transform: `translate(${now.x}px, ${now.y}px)`,
            imageRendering: now.scale >= PIXELS_FROM && full !== undefined ? "pixelated" : "auto",
          }}
        />
      )}
    </div>
  );
}
