import { type NodeProps, useUpdateNodeInternals } from "@xyflow/react";
import { memo, useEffect, useMemo } from "react";
import type { Side } from "../../graph/boundary";
import { type GraphNode, own, SUBGRAPH_INPUTS } from "../../graph/document";
import { NEW_PORT } from "../../graph/interfaces";
import { portsOf } from "../../graph/library";
import type { FlowNode } from "../../state/flow";
import { useClient, useEditor, useKernel } from "../context";
import { Port } from "../Port";
import { DownIcon, RemoveIcon, UpIcon } from "./icons";
import { NameField } from "./NameField";

const NONE: readonly string[] = [];

/** The inputs or the outputs of the subgraph that is shown, as a slim card at its edge. */
export const BoundaryCard = memo(
  function BoundaryCard({ id, selected }: NodeProps<FlowNode>) {
    const node = useKernel((state) => state.document.nodes[id]);
    return node === undefined ? null : <Card id={id} node={node} selected={selected} />;
  },
  (before, after) => before.id === after.id && before.selected === after.selected,
);

function Card({ id, node, selected }: { id: string; node: GraphNode; selected: boolean }) {
  const side: Side = node.type === SUBGRAPH_INPUTS ? "inputs" : "outputs";
  const library = useKernel((state) => state.library);
  const used = useKernel((state) => state.used.get(id) ?? NONE);
  const ports = useMemo(() => portsOf(library, node, used), [library, node, used]);
  const list = side === "inputs" ? ports.outputs : ports.inputs;
  const names = list.map((port) => port.name).join("\n");
  const update = useUpdateNodeInternals();
  const dim = useClient((client) => client.fitting !== null && !client.fitting.has(id));
  // biome-ignore lint/correctness/useExhaustiveDependencies: names are what the ports' places depend on
  useEffect(() => update(id), [id, names, update]);
  const title = side === "inputs" ? "Inputs" : "Outputs";
  const own_ = list.filter((port) => port.name !== NEW_PORT);
  return (
    <article
      className="nb-card nb-boundary"
      data-node-id={id}
      data-type={node.type}
      data-side={side}
      data-selected={selected}
      data-dim={dim || undefined}
      aria-label={`${title} of the subgraph`}
    >
      <header className="nb-header">
        <span className="nb-title">{title}</span>
      </header>
      <div className="nb-body">
        <div className="nb-boundary-rows">
          {own_.map((port, index) => (
            <PortRow
              key={port.name}
              id={id}
              side={side}
              name={port.name}
              type={port.type}
              linked={side === "inputs" ? used.includes(port.name) : own(node.links, port.name) !== undefined}
              isFirst={index === 0}
              isLast={index === own_.length - 1}
            />
          ))}
          <div className="nb-row nb-boundary-new" data-side={side}>
            <span className="nb-port-label">{side === "inputs" ? "Drag to an input" : "Drop an output"}</span>
            <Port node={id} side={side === "inputs" ? "out" : "in"} name={NEW_PORT} type="*" linked={false} />
          </div>
        </div>
      </div>
    </article>
  );
}

interface RowProps {
  readonly id: string;
  readonly side: Side;
  readonly name: string;
  readonly type: string;
  readonly linked: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function PortRow({ id, side, name, type, linked, isFirst, isLast }: RowProps) {
  const { actions } = useEditor();
  const what = side === "inputs" ? "input" : "output";
  return (
    <div className="nb-row nb-boundary-row" data-side={side} data-boundary-port={name}>
      <PortName side={side} name={name} />
      <span className="nb-boundary-tools nodrag">
        <button
          type="button"
          className="nb-icon-button"
          aria-label={`Move ${what} ${name} up`}
          disabled={isFirst}
          onClick={() => actions.movePort(side, name, -1)}
        >
          <UpIcon />
        </button>
        <button
          type="button"
          className="nb-icon-button"
          aria-label={`Move ${what} ${name} down`}
          disabled={isLast}
          onClick={() => actions.movePort(side, name, 1)}
        >
          <DownIcon />
        </button>
        <button
          type="button"
          className="nb-icon-button"
          aria-label={`Remove ${what} ${name}`}
          onClick={() => actions.removePort(side, name)}
        >
          <RemoveIcon />
        </button>
      </span>
      <Port node={id} side={side === "inputs" ? "out" : "in"} name={name} type={type} linked={linked} />
    </div>
  );
}

/** The name is a field: typing there renames the input or output everywhere. */
function PortName({ side, name }: { readonly side: Side; readonly name: string }) {
  const { actions } = useEditor();
  return (
    <NameField
      className="nb-boundary-name nodrag"
      label={`Name of ${side === "inputs" ? "input" : "output"} ${name}`}
      name={name}
      onCommit={(wanted) => actions.renamePort(side, name, wanted)}
    />
  );
}
