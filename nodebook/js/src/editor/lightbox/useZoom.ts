import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { centred, type Extent, fitted, moved, type Placing, type Spot, zoomedAt } from "../../graph/zoom";

const KEY_FACTOR = 1.25;
const KEY_PAN_PX = 48;
const WHEEL_FACTOR = 1.0015;
const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Zoom and place of a picture in a frame that may change its size. `what`: another one begins fitted again. */
export function useZoom(picture: Extent | undefined, what: string) {
  const [frame, setFrame] = useState<Extent>({ width: 0, height: 0 });
  /** `null`: fitted. */
  const [placed, setPlaced] = useState<Placing | null>(null);
  const shown = useRef(what);
  if (shown.current !== what) {
    shown.current = what;
    if (placed !== null) setPlaced(null);
  }
  const latest = useRef<(factor: number, at: Spot) => void>(() => {});
  const [box, setBox] = useState<HTMLElement | null>(null);
  useEffect(() => {
    if (box === null) return;
    const measure = () => setFrame({ width: box.clientWidth, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    const controller = new AbortController();
    // React listens to the wheel passively, and the notebook would scroll.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = box.getBoundingClientRect();
      latest.current(WHEEL_FACTOR ** -event.deltaY, { x: event.clientX - left, y: event.clientY - top });
    };
    box.addEventListener("wheel", onWheel, { passive: false, signal: controller.signal });
    return () => {
      observer.disconnect();
      controller.abort();
    };
  }, [box]);
  const size = picture ?? { width: 1, height: 1 };
  const now = placed ?? fitted(size, frame);
  const zoom = (factor: number, at: Spot = { x: frame.width / 2, y: frame.height / 2 }) =>
    setPlaced((before) => zoomedAt(before ?? fitted(size, frame), factor, at, size, frame));
  latest.current = zoom;
  const pan = (dx: number, dy: number) =>
    setPlaced((before) => moved(before ?? fitted(size, frame), dx, dy, size, frame));
  const fitAgain = () => setPlaced(null);
  const actual = () => setPlaced(centred(size, frame, 1));
  /** Whether the key was its own: + - 0 1, arrows with Shift (up and down without). */
  const onKey = (event: KeyboardEvent): boolean => {
    const step = PANS[event.key];
    if (event.key === "+" || event.key === "=") zoom(KEY_FACTOR);
    else if (event.key === "-") zoom(1 / KEY_FACTOR);
    else if (event.key === "0" || event.key === "f") fitAgain();
    else if (event.key === "1") actual();
    else if (step !== undefined) pan(step[0] * KEY_PAN_PX, step[1] * KEY_PAN_PX);
    else return false;
    return true;
  };
  return { now, isFitted: placed === null, setBox, zoom, pan, fit: fitAgain, actual, onKey };
}

export type Zoom = ReturnType<typeof useZoom>;
