/** Dragging a node type out of the library onto the canvas, or onto a wire. */
import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Point } from "../../graph/compose";
import { findInsertion } from "../../graph/insert";
import type { NodeTypeInfo } from "../../graph/library";
import { type EditorContextValue, useEditor } from "../context";
import { reveal } from "../fit";
import { followPointer } from "./followPointer";
import { MiniCard } from "./MiniCard";
import { connectionOf, markWire, wireAt } from "./wireUnder";

interface Dragged extends Point {
  readonly type: NodeTypeInfo;
}

/** What to put on an entry, and the picture that follows the pointer. */
export function useTypeDrag() {
  const editor = useEditor();
  const { root } = editor;
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const start = useMemo(() => {
    const { client } = editor;
    return (event: PointerEvent, type: NodeTypeInfo) => {
      if (event.button !== 0) return;
      stop.current();
      stop.current = followPointer({
        document: root.ownerDocument,
        from: { x: event.clientX, y: event.clientY },
        onMove: (at) => {
          const box = root.getBoundingClientRect();
          setDragged({ type, x: at.x - box.left, y: at.y - box.top });
          markWire(client, wireFor(editor, type, at)?.id ?? null);
        },
        onDrop: (at) => drop(editor, type, at),
        onEnd: () => {
          setDragged(null);
          markWire(client, null);
        },
      });
    };
  }, [editor, root]);
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

function drop(editor: EditorContextValue, type: NodeTypeInfo, at: Point): void {
  const { flow, actions, root } = editor;
  const place = flow.current?.screenToFlowPosition(at);
  if (place === undefined || !isOverCanvas(root, at)) return;
  const edge = wireFor(editor, type, at);
  const id =
    edge === null ? actions.addNode(type.name, place, null) : actions.addInto(connectionOf(edge), type.name, place);
  if (id !== null) reveal(editor, id);
}

/** The wire at a point that the type fits into. */
function wireFor({ root, client, kernel }: EditorContextValue, type: NodeTypeInfo, at: Point) {
  const edge = isOverCanvas(root, at) ? wireAt(root, client, at) : null;
  const { document, library } = kernel.getState();
  return edge !== null && findInsertion(document, library, connectionOf(edge), type) !== null ? edge : null;
}

function isOverCanvas(root: HTMLElement, at: Point): boolean {
  const element = (root.getRootNode() as Document | ShadowRoot).elementFromPoint(at.x, at.y);
  return element !== null && root.contains(element) && element.closest(".nb-stage") !== null;
}
