/** The wire under a point of the page, and the mark on the wire that a node would be put into. */
import type { Connection } from "../../graph/ports";
import type { ClientStore } from "../../state/client";
import { type FlowEdge, portName } from "../../state/flow";

const MARK = "nb-wire-target";

/** Wires lie below the cards, so all that is at the point is looked at. */
export function wireAt(root: HTMLElement, client: ClientStore, at: { x: number; y: number }): FlowEdge | null {
  const found = (root.getRootNode() as Document | ShadowRoot).elementsFromPoint(at.x, at.y);
  for (const element of found) {
    const id = root.contains(element) ? element.closest(".react-flow__edge")?.getAttribute("data-id") : null;
    const edge = id ? client.getState().edges.find((one) => one.id === id) : undefined;
    if (edge !== undefined) return edge;
  }
  return null;
}

export function connectionOf(edge: FlowEdge): Connection {
  return {
    source: edge.source,
    output: portName(edge.sourceHandle ?? ""),
    target: edge.target,
    input: portName(edge.targetHandle ?? ""),
  };
}

/** Mark one wire, or none. */
export function markWire(client: ClientStore, id: string | null): void {
  const { edges } = client.getState();
  if (!edges.some((edge) => (edge.className === MARK) !== (edge.id === id))) return;
  client.setState({
    edges: edges.map((edge) =>
      (edge.className === MARK) === (edge.id === id) ? edge : { ...edge, className: edge.id === id ? MARK : undefined },
    ) as FlowEdge[],
  });
}
