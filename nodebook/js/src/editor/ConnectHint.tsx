import { useConnection } from "@xyflow/react";
import { whyNotConnect } from "../graph/ports";
import { portName } from "../state/flow";
import { useClient, useEditor } from "./context";
import { toConnection } from "./Port";

/** Beside the pointer while a wire is over a port that does not take it: why not. */
export function ConnectHint() {
  const { kernel } = useEditor();
  const wire = useClient((state) => state.wire);
  const over = useConnection((connection) =>
    connection.inProgress && connection.toHandle && !connection.isValid ? connection.toHandle : null,
  );
  const pointer = useConnection((connection) => (connection.inProgress ? connection.pointer : null));
  if (wire === null || over === null || pointer === null || !over.id) return null;
  const reason = reasonFor(over.type, over.nodeId, portName(over.id));
  if (reason === null) return null;
  return (
    <div className="nb-hint" role="status" style={{ transform: `translate(${pointer.x + 16}px, ${pointer.y + 12}px)` }}>
      {reason}
    </div>
  );

  function reasonFor(type: string, node: string, port: string): string | null {
    if (wire === null || (type === wire.side && node === wire.node)) return null;
    if (type === wire.side)
      return `Connect an output with an input, not two ${type === "source" ? "outputs" : "inputs"}.`;
    const { document, library } = kernel.getState();
    return whyNotConnect(document, library, toConnection(wire, node, port));
  }
}
