import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useEditor } from "./context";

const MARGIN_PX = 4;
const LOWEST_PX = 120;

interface Props {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

interface Place {
  readonly left: number;
  readonly width: number;
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
  const width = Math.max(180, Math.min(at.width, 320));
  const left = Math.max(MARGIN_PX, Math.min(at.left - frame.left, frame.width - width - MARGIN_PX));
  const below = frame.bottom - at.bottom - 2 * MARGIN_PX;
  const above = at.top - frame.top - 2 * MARGIN_PX;
  if (below >= LOWEST_PX || below >= above) {
    return { left, width, top: at.bottom - frame.top + 2, maxHeight: Math.max(LOWEST_PX, below) };
  }
  return { left, width, bottom: frame.bottom - at.top + 2, maxHeight: above };
}
