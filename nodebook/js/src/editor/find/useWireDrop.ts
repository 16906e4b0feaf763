/** A card that is dragged onto a wire goes into it, where its types fit. */
import { useMemo } from "react";
import { findInsertionOfNode } from "../../graph/insert";
import type { FlowNode } from "../../state/flow";
import { useEditor } from "../context";
import { connectionOf, markWire, wireAt } from "./wireUnder";

/** To look for a wire makes the browser lay out the page at once: not for each move of the mouse. */
const LOOK_MS = 50;

interface Pointed {
  readonly clientX: number;
  readonly clientY: number;
}

export function useWireDrop() {
  const { client, kernel, actions, root } = useEditor();
  return useMemo(() => {
    /** The wire that the card would go into, at the pointer. */
    const target = (event: unknown, id: string) => {
      const { clientX: x, clientY: y } = pointOf(event);
      const edge = wireAt(root, client, { x, y });
      const { document, library } = kernel.getState();
      const fits = edge !== null && findInsertionOfNode(document, library, connectionOf(edge), id) !== null;
      return fits ? edge : null;
    };
    let look = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onTime = () => {
      timer = undefined;
      look();
    };
    return {
      onNodeDrag: (event: unknown, node: FlowNode, nodes: readonly FlowNode[]) => {
        look = () => markWire(client, nodes.length === 1 ? (target(event, node.id)?.id ?? null) : null);
        timer ??= setTimeout(onTime, LOOK_MS);
      },
      onNodeDragStop: (event: unknown, node: FlowNode, nodes: readonly FlowNode[]) => {
        clearTimeout(timer);
        timer = undefined;
        const edge = nodes.length === 1 ? target(event, node.id) : null;
        markWire(client, null);
        if (edge === null) actions.commitMove();
        else actions.commitMove(actions.insertEdit(connectionOf(edge), node.id));
      },
      onSelectionDragStop: () => actions.commitMove(),
    };
  }, [client, kernel, actions, root]);
}

function pointOf(event: unknown): Pointed {
  const touches = (event as TouchEvent).changedTouches;
  return touches?.[0] ?? (event as MouseEvent);
}
