/** Pulling wires: from a port to a port, to a card, to the empty canvas, or off an input. */
import type { FinalConnectionState, Connection as FlowConnection, OnConnectStartParams } from "@xyflow/react";
import { useMemo } from "react";
import type { Point } from "../graph/compose";
import { convertibleLink, findConversions } from "../graph/conversions";
import { fittingNodes } from "../graph/fitting";
import { findType } from "../graph/library";
import { type Connection, firstFittingInput, firstFittingOutput, whyNotConnect } from "../graph/ports";
import { outputTypeOf } from "../graph/reroutes";
import type { WireStart } from "../state/client";
import { type FlowEdge, portName } from "../state/flow";
import { type EditorContextValue, useEditor } from "./context";
import { toConnection } from "./Port";

export function useConnect() {
  const editor = useEditor();
  return useMemo(() => connectHandlers(editor), [editor]);
}

function connectHandlers({ kernel, client, actions, flow, root }: EditorContextValue) {
  /** The link whose end is in the hand, and whether it found a new input. */
  let held: { node: string; input: string; done: boolean } | null = null;

  /** Let go on a port of another type: what can be put between is offered. */
  const offerConversion = (convert: Connection | null, at: Point) => {
    const { document, library } = kernel.getState();
    if (convert === null || findConversions(document, library, convert).length === 0) return;
    const box = root.getBoundingClientRect();
    const place = flow.current?.screenToFlowPosition(at) ?? at;
    const corner = { x: at.x - box.left, y: at.y - box.top };
    client.setState({ palette: { at: corner, place, anywhere: false, wire: null, convert } });
  };

  return {
    isValidConnection: (link: FlowConnection | FlowEdge) => {
      const { document, library } = kernel.getState();
      const connection = toGraph(link);
      return connection !== null && whyNotConnect(document, library, connection) === null;
    },

    onConnectStart: (_event: unknown, { nodeId, handleId, handleType }: OnConnectStartParams) => {
      if (nodeId === null || handleId === null || handleType === null) return;
      const port = portName(handleId);
      const side = handleType;
      const { document, library } = kernel.getState();
      const wire = { node: nodeId, port, side, type: portType(kernel.getState(), nodeId, port, side) };
      client.setState({ wire, fitting: fittingNodes(document, library, wire) });
    },

    onConnect: (link: FlowConnection) => {
      const connection = toGraph(link);
      if (connection !== null) actions.connect(connection);
    },

    onConnectEnd: (event: MouseEvent | TouchEvent, end: FinalConnectionState) => {
      const { wire } = client.getState();
      client.setState({ wire: null, fitting: null });
      if (wire === null || held !== null || end.isValid) return;
      const at = pointOf(event);
      if (end.toHandle !== null) {
        const { nodeId, id, type } = end.toHandle;
        if (id && type !== wire.side) offerConversion(toConnection(wire, nodeId, portName(id)), at);
        return;
      }
      const below = elementAt(root, at);
      const card = below?.closest("[data-node-id]");
      if (card instanceof HTMLElement && card.dataset.nodeId) {
        const { nodeId } = card.dataset;
        const { document, library } = kernel.getState();
        const link = firstFit(kernel.getState(), wire, nodeId);
        if (link !== null) actions.connect(link);
        else offerConversion(convertibleLink(document, library, wire, nodeId), at);
      } else if (below?.closest(".react-flow__pane")) {
        const box = root.getBoundingClientRect();
        const place = flow.current?.screenToFlowPosition(at) ?? at;
        client.setState({ palette: { at: { x: at.x - box.left, y: at.y - box.top }, place, anywhere: false, wire } });
      }
    },

    onReconnectStart: (_event: unknown, edge: FlowEdge) => {
      held = { node: edge.target, input: portName(edge.targetHandle ?? ""), done: false };
    },

    onReconnect: (_edge: FlowEdge, link: FlowConnection) => {
      const connection = toGraph(link);
      if (held === null || connection === null) return;
      held.done = true;
      actions.reconnect(held, connection);
    },

    /** Let go anywhere but on an input that fits: the link is taken off. */
    onReconnectEnd: (_event: unknown, _edge: FlowEdge, _type: unknown, end: FinalConnectionState) => {
      const old = held;
      held = null;
      client.setState({ wire: null, fitting: null });
      const onRefusing = end.toHandle !== null && !end.isValid;
      if (old !== null && !old.done && !onRefusing) actions.disconnect(old.node, old.input);
    },
  };
}

type Kernel = ReturnType<EditorContextValue["kernel"]["getState"]>;

function toGraph(link: FlowConnection | FlowEdge): Connection | null {
  if (!link.sourceHandle || !link.targetHandle) return null;
  return {
    source: link.source,
    output: portName(link.sourceHandle),
    target: link.target,
    input: portName(link.targetHandle),
  };
}

function portType({ document, library }: Kernel, node: string, port: string, side: WireStart["side"]): string {
  if (side === "source") return outputTypeOf(document, library, [node, port]);
  const ports = findType(library, document.nodes[node]?.type ?? "")?.inputs;
  return ports?.find((one) => one.name === port)?.type ?? "*";
}

/** A wire dropped on a card goes to its first port that fits. */
function firstFit({ document, library }: Kernel, wire: WireStart, node: string): Connection | null {
  const type = findType(library, document.nodes[node]?.type ?? "");
  if (type === undefined || node === wire.node) return null;
  const port =
    wire.side === "source"
      ? firstFittingInput(type, wire.type, library.adapters)
      : firstFittingOutput(type, wire.type, library.adapters);
  return port === undefined ? null : toConnection(wire, node, port);
}

function pointOf(event: MouseEvent | TouchEvent): { x: number; y: number } {
  const point = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: point?.clientX ?? 0, y: point?.clientY ?? 0 };
}

function elementAt(root: HTMLElement, at: { x: number; y: number }): Element | null {
  return (root.getRootNode() as Document | ShadowRoot).elementFromPoint(at.x, at.y);
}
