import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useEditor } from "./context";

const MARGIN_PX = 4;
const LOWEST_PX = 120;
const NARROWEST_PX = 180;
const WIDEST_PX = 480;

interface Props {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

interface Place {
  readonly left?: number;
  readonly right?: number;
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly top?: number;
  readonly bottom?: number;
  readonly maxHeight: number;
}

/** A menu under (or above) its anchor, inside the editor's root, at the page's scale whatever the zoom. */
export function Popup({ anchor, onClose, children }: Props) {
  const { root } = useEditor();
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place | null>(null);
  useLayoutEffect(() => {
    if (anchor.current) setPlace(placeBeside(anchor.current, root));
  }, [anchor, root]);
  useLayoutEffect(() => {
    // As wide as what it offers at first, and so while a search leaves less of it.
    if (place !== null && box.current) box.current.style.width = `${box.current.offsetWidth}px`;
  }, [place]);
  useEffect(() => {
    const controller = new AbortController();
    const closeOutside = (event: Event) => {
      const inside = event.composedPath();
      if (box.current && !inside.includes(box.current) && !inside.includes(anchor.current as EventTarget)) onClose();
    };
    const options = { capture: true, signal: controller.signal };
    root.addEventListener("pointerdown", closeOutside, options);
    root.addEventListener("wheel", closeOutside, { ...options, passive: true });
    root.ownerDocument.addEventListener("pointerdown", closeOutside, options);
    return () => controller.abort();
  }, [root, anchor, onClose]);
  if (place === null) return null;
  return createPortal(
    <div ref={box} className="nb-popup" style={place}>
      {children}
    </div>,
    root,
  );
}

function placeBeside(anchor: HTMLElement, root: HTMLElement): Place {
  const frame = root.getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  return { ...placeAcross(at, frame), ...placeUpright(at, frame) };
}

/** Grows away from the nearer edge of the editor, as far as its words need and the editor goes. */
function placeAcross(at: DOMRect, frame: DOMRect): Pick<Place, "left" | "right" | "minWidth" | "maxWidth"> {
  const least = Math.max(NARROWEST_PX, at.width);
  const growsLeft = at.left + at.right > frame.left + frame.right;
  const wanted = growsLeft ? frame.right - at.right : at.left - frame.left;
  const edge = Math.max(MARGIN_PX, Math.min(wanted, frame.width - least - MARGIN_PX));
  const maxWidth = Math.min(Math.max(WIDEST_PX, least), frame.width - edge - MARGIN_PX);
  return { [growsLeft ? "right" : "left"]: edge, minWidth: Math.min(least, maxWidth), maxWidth };
}

function placeUpright(at: DOMRect, frame: DOMRect): Pick<Place, "top" | "bottom" | "maxHeight"> {
  const below = frame.bottom - at.bottom - 2 * MARGIN_PX;
  const above = at.top - frame.top - 2 * MARGIN_PX;
  if (below >= LOWEST_PX || below >= above) {
    return { top: at.bottom - frame.top + 2, maxHeight: Math.max(LOWEST_PX, below) };
  }
  return { bottom: frame.bottom - at.top + 2, maxHeight: above };
}
