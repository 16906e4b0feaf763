import type { NodeProps } from "@xyflow/react";
import { type ComponentType, memo, useEffect, useState } from "react";
import { titleOf } from "../graph/library";
import type { FlowNode } from "../state/flow";
import { useEditor } from "./context";

/** From this many nodes on, cards that are out of sight are not in the page, and those that come in sight take turns. */
export const MANY_NODES = 60;

/** In a large graph, a plain box of the card's size until it is the card's turn to be made. */
export function gated(Card: ComponentType<NodeProps<FlowNode>>): ComponentType<NodeProps<FlowNode>> {
  return memo(function Gated(props: NodeProps<FlowNode>) {
    const { client, turns } = useEditor();
    const [ready, setReady] = useState(() => client.getState().nodes.length <= MANY_NODES);
    useEffect(() => {
      if (!ready) return turns.request(() => setReady(true));
    }, [ready, turns]);
    // A selected card is what somebody works at: it waits for nobody.
    return ready || props.selected ? <Card {...props} /> : <WaitingCard id={props.id} height={props.height} />;
  }, sameCard);
}

/** Cards hear of everything else by themselves; they do not render while they are dragged. */
function sameCard(before: NodeProps<FlowNode>, after: NodeProps<FlowNode>): boolean {
  return before.id === after.id && before.selected === after.selected;
}

function WaitingCard({ id, height }: { readonly id: string; readonly height: number | undefined }) {
  const { document, library } = useEditor().kernel.getState();
  const node = document.nodes[id];
  return (
    <div className="nb-card nb-card--waiting" style={{ height }} aria-hidden="true">
      <div className="nb-header">
        <span className="nb-title">{node && titleOf(library, node)}</span>
      </div>
    </div>
  );
}
