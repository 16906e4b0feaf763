import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";
import { useEditor } from "./context";
import { fittingHeight, rememberHeight } from "./watch/height";

const KEY_STEP_PX = 40;
const KEYS_REST_MS = 400;

/** The bar at the bottom: drag (or arrow keys) to make the cell higher. The document remembers it. */
export function ResizeHandle() {
  const editor = useEditor();
  const { root } = editor;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const start = useRef<{ y: number; height: number } | null>(null);
  const resize = (height: number) => {
    root.style.height = `${fittingHeight(height)}px`;
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { y: event.clientY, height: root.getBoundingClientRect().height };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (start.current !== null) resize(start.current.height + event.clientY - start.current.y);
  };
  const stop = () => {
    if (start.current !== null) rememberHeight(editor);
    start.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? KEY_STEP_PX : event.key === "ArrowUp" ? -KEY_STEP_PX : 0;
    if (step === 0) return;
    event.preventDefault();
    resize(root.getBoundingClientRect().height + step);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => rememberHeight(editor), KEYS_REST_MS);
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
