import { useConnection } from "@xyflow/react";
import { useMemo } from "react";
import { convertibleLink, findConversions } from "../graph/conversions";
import { findType, titleOf } from "../graph/library";
import { type Connection, typeWords, whyNotConnect } from "../graph/ports";
import type { WireStart } from "../state/client";
import { portName } from "../state/flow";
import { useClient, useEditor } from "./context";
import { nodeAt } from "./drawOverview";
import { toConnection } from "./Port";

const WIDTH_PX = 280;
const GAP_PX = 16;

/** Beside the pointer while a wire is over a port or a card that does not take it: why not, and what would help. */
export function ConnectHint() {
  const { kernel, client, flow, root } = useEditor();
  const wire = useClient((state) => state.wire);
  const over = useConnection((connection) =>
    connection.inProgress && connection.toHandle && !connection.isValid ? connection.toHandle : null,
  );
  const pointer = useConnection((connection) => (connection.inProgress ? connection.pointer : null));
  const onPort = useConnection((connection) => connection.inProgress && connection.toHandle !== null);
  const portReason = useMemo(
    () =>
      wire === null || over === null || !over.id
        ? null
        : reasonOfPort(kernel.getState(), wire, over.type, over.nodeId, portName(over.id)),
    [wire, over, kernel],
  );
  const card = onPort ? null : cardUnder();
  const cardReason = useMemo(
    () => (wire === null || card === null ? null : cardWords(kernel.getState(), wire, card)),
    [wire, card, kernel],
  );
  const reason = onPort ? portReason : cardReason;
  if (reason === null || pointer === null) return null;
  const isFlipped = pointer.x > (root.querySelector(".nb-stage")?.clientWidth ?? 0) - WIDTH_PX;
  const x = isFlipped ? pointer.x - GAP_PX : pointer.x + GAP_PX;
  return (
    <div
      className="nb-hint"
      role="status"
      data-flipped={isFlipped}
      style={{ transform: `translate(${x}px, ${pointer.y + 12}px)` }}
    >
      {reason}
    </div>
  );

  /** The card under the pointer, if the wire cannot end there. */
  function cardUnder(): string | null {
    const { nodes, fitting } = client.getState();
    const view = flow.current?.getViewport();
    if (pointer === null || view === undefined || fitting === null) return null;
    const id = nodeAt(nodes, { x: (pointer.x - view.x) / view.zoom, y: (pointer.y - view.y) / view.zoom });
    return id === null || fitting.has(id) ? null : id;
  }
}

type Kernel = ReturnType<ReturnType<typeof useEditor>["kernel"]["getState"]>;

function reasonOfPort(
  { document, library }: Kernel,
  wire: WireStart,
  side: string,
  node: string,
  port: string,
): string | null {
  if (side === wire.side) {
    if (node === wire.node) return null;
    return `Connect an output with an input, not two ${side === "source" ? "outputs" : "inputs"}.`;
  }
  const link = toConnection(wire, node, port);
  const reason = whyNotConnect(document, library, link);
  return reason === null ? null : `${reason}${adviceFor(document, library, link)}`;
}

function adviceFor(document: Kernel["document"], library: Kernel["library"], link: Connection): string {
  const [first, second] = findConversions(document, library, link).map((conversion) => conversion.type.title);
  return first === undefined ? "" : ` Let go to insert ${second === undefined ? first : `${first} or another node`}.`;
}

function cardWords({ document, library }: Kernel, wire: WireStart, id: string): string | null {
  const node = document.nodes[id];
  if (node === undefined) return null;
  const title = titleOf(library, node);
  const type = findType(library, node.type);
  if (type === undefined) return `${node.type} is unknown here: its links are read-only.`;
  const ports = wire.side === "source" ? type.inputs : type.outputs;
  const what = typeWords(wire.type);
  if (ports.length === 0) return `${title} has no ${wire.side === "source" ? "inputs" : "outputs"}.`;
  const isLoop = ports.some((port) =>
    whyNotConnect(document, library, toConnection(wire, id, port.name))?.includes("loop"),
  );
  if (isLoop) {
    const already = wire.side === "source" ? "already feeds this wire" : "already depends on this wire's node";
    return `${title} ${already}: this would be a loop.`;
  }
  const link = convertibleLink(document, library, wire, id);
  const advice = link === null ? "" : adviceFor(document, library, link);
  return `${title} ${wire.side === "source" ? "takes" : "gives"} no ${what}.${advice}`;
}
