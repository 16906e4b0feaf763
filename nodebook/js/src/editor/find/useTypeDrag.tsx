/** Dragging a node type out of the library onto the canvas, or onto a wire. By pointer events: touch works too. */
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { findInsertion } from "../../graph/insert";
import type { NodeTypeInfo } from "../../graph/library";
import { useEditor } from "../context";
import { reveal } from "../fit";
import { MiniCard } from "./MiniCard";
import { connectionOf, markWire, wireAt } from "./wireUnder";

const FAR_ENOUGH_PX = 4;

interface Dragged {
  readonly type: NodeTypeInfo;
  readonly x: number;
  readonly y: number;
}

/** What to put on an entry, and the picture that follows the pointer. */
export function useTypeDrag() {
  const editor = useEditor();
  const { root, client, kernel, flow, actions } = editor;
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const drag = useRef<AbortController | null>(null);
  useEffect(() => () => drag.current?.abort(), []);

  const wireFor = (type: NodeTypeInfo, at: { x: number; y: number }) => {
    const edge = wireAt(root, client, at);
    const { document, library } = kernel.getState();
    return edge !== null && findInsertion(document, library, connectionOf(edge), type) !== null ? edge : null;
  };
  const drop = (type: NodeTypeInfo, at: { x: number; y: number }) => {
    const place = flow.current?.screenToFlowPosition(at);
    if (place === undefined || !isOverCanvas(root, at)) return;
    const edge = wireFor(type, at);
    const id =
      edge === null ? actions.addNode(type.name, place, null) : actions.addInto(connectionOf(edge), type.name, place);
    if (id !== null) reveal(editor, id);
  };

  const start = (event: PointerEvent, type: NodeTypeInfo) => {
    if (event.button !== 0) return;
    const from = { x: event.clientX, y: event.clientY };
    const controller = new AbortController();
    drag.current?.abort();
    drag.current = controller;
    const options = { capture: true, signal: controller.signal };
    let moved = false;
    const end = () => {
      controller.abort();
      setDragged(null);
      markWire(client, null);
    };
    const onMove = ({ clientX: x, clientY: y }: globalThis.PointerEvent) => {
      moved ||= Math.hypot(x - from.x, y - from.y) > FAR_ENOUGH_PX;
      if (!moved) return;
      const box = root.getBoundingClientRect();
      setDragged({ type, x: x - box.left, y: y - box.top });
      markWire(client, isOverCanvas(root, { x, y }) ? (wireFor(type, { x, y })?.id ?? null) : null);
    };
    const { ownerDocument } = root;
    ownerDocument.addEventListener("pointermove", onMove, options);
    ownerDocument.addEventListener(
      "pointerup",
      ({ clientX: x, clientY: y }) => {
        end();
        if (moved) drop(type, { x, y });
      },
      options,
    );
    ownerDocument.addEventListener("pointercancel", end, options);
    ownerDocument.addEventListener("keydown", (key) => key.key === "Escape" && end(), options);
  };

  const ghost =
    dragged &&
    createPortal(
      <div className="nb-ghost" style={{ transform: `translate(${dragged.x}px, ${dragged.y}px)` }}>
        <MiniCard type={dragged.type} />
      </div>,
      root,
    );
  return { start, ghost };
}

function isOverCanvas(root: HTMLElement, at: { x: number; y: number }): boolean {
  const element = (root.getRootNode() as Document | ShadowRoot).elementFromPoint(at.x, at.y);
  return element !== null && root.contains(element) && element.closest(".nb-stage") !== null;
}
