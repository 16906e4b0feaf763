import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { wholeRect } from "../../mask/layer";
import type { Touch } from "../../mask/stroke";
import type { Zoom } from "../lightbox/useZoom";
import { drawSelection, type Painting } from "./pictures";
import type { MaskEditing } from "./useMaskEditor";

interface Props {
  readonly painting: Painting;
  readonly editing: MaskEditing;
  readonly zoom: Zoom;
  readonly overlay: RefObject<HTMLCanvasElement | null>;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** Arrow keys move the brush by this part of its radius; with Shift by all of its width. */
const KEY_SHARE = 0.5;
const ERASER_END = 32;

/** The picture with its selection over it. The pointer paints; so do arrows and Space. The middle button moves it. */
export function MaskCanvas({ painting, editing, zoom, overlay }: Props) {
  const { picture, layer } = painting;
  const base = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  const drag = useRef<"paint" | "pan" | null>(null);
  const last = useRef({ x: 0, y: 0 });
  const { now } = zoom;
  useEffect(() => {
    base.current?.getContext("2d")?.drawImage(picture, 0, 0);
    if (overlay.current !== null) drawSelection(overlay.current, layer, wholeRect(layer));
  }, [picture, layer, overlay]);
  const touchOf = (event: PointerEvent | globalThis.PointerEvent, box: DOMRect): Touch => ({
    x: (event.clientX - box.left - now.x) / now.scale,
    y: (event.clientY - box.top - now.y) / now.scale,
    pressure: event.pointerType === "pen" ? event.pressure : 1,
  });
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    last.current = { x: event.clientX, y: event.clientY };
    drag.current = event.button === 1 || event.shiftKey ? "pan" : "paint";
    if (drag.current === "pan") return;
    const box = event.currentTarget.getBoundingClientRect();
    editing.begin(touchOf(event, box), event.buttons === ERASER_END || event.button === 2);
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(touchOf(event, box));
    if (drag.current === "pan") {
      zoom.pan(event.clientX - last.current.x, event.clientY - last.current.y);
      last.current = { x: event.clientX, y: event.clientY };
    } else if (drag.current === "paint") {
      const all = event.nativeEvent.getCoalescedEvents?.() ?? [];
      for (const each of all.length > 0 ? all : [event.nativeEvent]) editing.move(touchOf(each, box));
    }
  };
  const end = () => {
    if (drag.current === "paint") editing.end();
    drag.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    const place = at ?? { x: layer.width / 2, y: layer.height / 2 };
    if (arrow !== undefined) {
      const step = Math.max(1, editing.radius * (event.shiftKey ? 2 : KEY_SHARE));
      const next = { x: place.x + arrow[0] * step, y: place.y + arrow[1] * step };
      setAt(next);
      if (drag.current === "paint") editing.move({ ...next, pressure: 1 });
    } else if (event.key === " " && !event.repeat) {
      setAt(place);
      drag.current = "paint";
      editing.begin({ ...place, pressure: 1 }, false);
    } else if (event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
  };
  const size = { width: layer.width * now.scale, height: layer.height * now.scale };
  const style = { ...size, transform: `translate(${now.x}px, ${now.y}px)` };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a canvas to paint on is none of them
    <div
      ref={zoom.setBox}
      className="nb-zoom nb-mask-desk"
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows and Space paint here
      tabIndex={0}
      aria-label="The picture: arrows move the brush, hold Space to paint"
      data-testid="nb-mask-desk"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={end}
      onPointerCancel={end}
      onPointerLeave={() => drag.current === null && setAt(null)}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={onKeyDown}
      onKeyUp={(event) => event.key === " " && end()}
      onBlur={end}
    >
      <canvas ref={base} width={layer.width} height={layer.height} style={style} />
      <canvas ref={overlay} width={layer.width} height={layer.height} style={style} data-testid="nb-mask-layer" />
      {at !== null && <BrushRing at={at} editing={editing} zoom={zoom} />}
    </div>
  );
}

interface RingProps {
  readonly at: { readonly x: number; readonly y: number };
  readonly editing: MaskEditing;
  readonly zoom: Zoom;
}

/** How far the brush reaches. */
function BrushRing({ at, editing, zoom }: RingProps) {
  const { now } = zoom;
  const radius = editing.tool === "fill" ? 4 : Math.max(2, editing.radius * now.scale);
  return (
    <span
      className="nb-mask-ring"
      style={{
        width: 2 * radius,
        height: 2 * radius,
        transform: `translate(${at.x * now.scale + now.x - radius}px, ${at.y * now.scale + now.y - radius}px)`,
      }}
    />
  );
}
