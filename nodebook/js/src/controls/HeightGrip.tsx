import { type KeyboardEvent, type PointerEvent, type RefObject, useRef } from "react";
import { TEXT_HEIGHTS } from "../graph/heights";

const KEY_STEP_PX = 24;
const STEPS: Readonly<Record<string, number>> = { ArrowDown: KEY_STEP_PX, ArrowUp: -KEY_STEP_PX };

interface Props {
  readonly label: string;
  readonly field: RefObject<HTMLElement | null>;
  readonly height: number;
  readonly onDrag: (height: number) => void;
  /** `null`: the usual height. */
  readonly onEnd: (height: number | null) => void;
}

/** The lower edge of a text: drag or arrows change its height, a double-click gives the usual one back. */
export function HeightGrip({ label, field, height, onDrag, onEnd }: Props) {
  const drag = useRef<{ y: number; start: number; zoom: number; now: number | null } | null>(null);
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0 || field.current === null) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const zoom = field.current.getBoundingClientRect().height / field.current.offsetHeight || 1;
    drag.current = { y: event.clientY, start: height, zoom, now: null };
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const now = drag.current;
    if (now === null) return;
    now.now = now.start + (event.clientY - now.y) / now.zoom;
    onDrag(now.now);
  };
  const onPointerUp = () => {
    const end = drag.current?.now;
    drag.current = null;
    if (end !== null && end !== undefined) onEnd(end);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step !== undefined) onEnd(height + step);
    else if (event.key === "Home") onEnd(null);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr has neither a value nor the keyboard
    <div
      className="nb-height-grip nodrag"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={label}
      aria-valuenow={height}
      aria-valuemin={TEXT_HEIGHTS.least}
      aria-valuemax={TEXT_HEIGHTS.most}
      title="Drag to change the height, double-click for the usual one"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onDoubleClick={() => onEnd(null)}
      onKeyDown={onKeyDown}
    />
  );
}
