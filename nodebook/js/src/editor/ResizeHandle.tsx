import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import { useEditor } from "./context";

const LOWEST_PX = 240;
const HIGHEST_PX = 2000;
const KEY_STEP_PX = 40;

/** The bar at the bottom: drag (or arrow keys) to make the cell higher. */
export function ResizeHandle() {
  const { root } = useEditor();
  const start = useRef<{ y: number; height: number } | null>(null);
  const resize = (height: number) => {
    root.style.height = `${Math.min(HIGHEST_PX, Math.max(LOWEST_PX, height))}px`;
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { y: event.clientY, height: root.getBoundingClientRect().height };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (start.current !== null) resize(start.current.height + event.clientY - start.current.y);
  };
  const stop = () => {
    start.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? KEY_STEP_PX : event.key === "ArrowUp" ? -KEY_STEP_PX : 0;
    if (step === 0) return;
    event.preventDefault();
    resize(root.getBoundingClientRect().height + step);
  };
  return (
    <hr
      className="nb-height-handle"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label="Height of the editor"
      title="Drag to change the height"
      data-testid="nb-height"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={stop}
      onPointerCancel={stop}
      onKeyDown={onKeyDown}
    />
  );
}
