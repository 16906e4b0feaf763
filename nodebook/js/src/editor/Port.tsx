import { Handle, Position } from "@xyflow/react";
import { type PointerEvent as ReactPointerEvent, useMemo } from "react";
import { colorOf } from "../graph/colors";
import { typesFit, typeWords, whyNotConnect } from "../graph/ports";
import { shapeOf } from "../graph/shapes";
import type { WireStart } from "../state/client";
import { edgeId, portId } from "../state/flow";
import { useClient, useEditor } from "./context";

interface Props {
  readonly node: string;
  readonly side: "in" | "out";
  readonly name: string;
  readonly type: string;
  readonly doc?: string | undefined;
  readonly linked: boolean;
  readonly readOnly?: boolean;
}

/** `fits` and `refuses` while a wire is being pulled, else `idle`. */
type Light = "idle" | "fits" | "refuses";

/** A port at the edge of a card, in the colour of its type. */
export function Port({ node, side, name, type, doc, linked, readOnly = false }: Props) {
  const { root } = useEditor();
  const light = useLight(node, side, name, type, readOnly);
  const style = useMemo(() => ({ "--nb-port": colorOf(type) }) as React.CSSProperties, [type]);
  const takeLinkOff = (event: ReactPointerEvent) => {
    if (side === "in" && linked && !readOnly) grabLinkEnd(event, root, edgeId(node, name));
  };
  return (
    <Handle
      id={portId(side, name)}
      type={side === "in" ? "target" : "source"}
      position={side === "in" ? Position.Left : Position.Right}
      isConnectable={!readOnly}
      className="nb-port"
      style={style}
      data-port={`${side}:${name}`}
      data-type={type}
      data-shape={shapeOf(type)}
      data-linked={linked}
      data-light={light}
      role="img"
      aria-label={`${side === "in" ? "input" : "output"} ${name}, ${typeWords(type)}`}
      title={[`${name}: ${typeWords(type)}`, doc].filter(Boolean).join("\n")}
      onMouseDownCapture={takeLinkOff as unknown as React.MouseEventHandler}
    />
  );
}

function useLight(node: string, side: "in" | "out", name: string, type: string, readOnly: boolean): Light {
  const { kernel } = useEditor();
  return useClient((state) => {
    const wire = state.wire;
    if (wire === null) return "idle";
    if (wire.node === node && wire.port === name && (wire.side === "source") === (side === "out")) return "fits";
    if (readOnly || (wire.side === "source") === (side === "out")) return "refuses";
    const { document, library } = kernel.getState();
    const [from, to] = side === "in" ? [wire.type, type] : [type, wire.type];
    if (!typesFit(from, to, library.adapters)) return "refuses";
    return whyNotConnect(document, library, toConnection(wire, node, name)) === null ? "fits" : "refuses";
  });
}

export function toConnection(wire: WireStart, node: string, port: string) {
  return wire.side === "source"
    ? { source: wire.node, output: wire.port, target: node, input: port }
    : { source: node, output: port, target: wire.node, input: wire.port };
}

/**
 * Pulling at an occupied input takes the end of its link, instead of starting a new one. React Flow's own grip for that is
 * drawn below the cards, so the press is handed on to it.
 */
function grabLinkEnd(event: ReactPointerEvent, root: HTMLElement, edge: string): void {
  if (event.button !== 0) return;
  const grip = root.querySelector(`.react-flow__edge[data-id="${CSS.escape(edge)}"] .react-flow__edgeupdater-target`);
  if (grip === null) return;
  event.stopPropagation();
  event.preventDefault();
  const { clientX, clientY } = event;
  grip.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true, button: 0, clientX, clientY }));
}
