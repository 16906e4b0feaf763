/** A drag by pointer events, from the press on: touch works too, and no drop target of the page ever sees it. */
import type { Point } from "../../graph/compose";

const FAR_ENOUGH_PX = 4;

interface Drag {
  readonly document: Document;
  readonly from: Point;
  /** From where on it counts as a drag. */
  readonly onMove: (at: Point) => void;
  readonly onDrop: (at: Point) => void;
  /** However it ends: before `onDrop`, and with Esc. */
  readonly onEnd: () => void;
}

/** Returns what ends it early. */
export function followPointer({ document, from, onMove, onDrop, onEnd }: Drag): () => void {
  const controller = new AbortController();
  const options = { capture: true, signal: controller.signal };
  let moved = false;
  const end = () => {
    controller.abort();
    onEnd();
  };
  const track = ({ clientX: x, clientY: y }: PointerEvent) => {
    moved ||= Math.hypot(x - from.x, y - from.y) > FAR_ENOUGH_PX;
    if (moved) onMove({ x, y });
  };
  const drop = ({ clientX: x, clientY: y }: PointerEvent) => {
    end();
    if (moved) onDrop({ x, y });
  };
  document.addEventListener("pointermove", track, options);
  document.addEventListener("pointerup", drop, options);
  document.addEventListener("pointercancel", end, options);
  document.addEventListener("keydown", (key) => key.key === "Escape" && end(), options);
  return end;
}
