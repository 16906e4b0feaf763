import { type NodeProps, NodeResizeControl, useUpdateNodeInternals } from "@xyflow/react";
import { type DragEvent, useEffect, useMemo } from "react";
import { type GraphNode, modeOf, own } from "../graph/document";
import { CARD_WIDTH, rowInputs, topInputs } from "../graph/layout";
import { findType, literalOf, type Ports, portsOf, titleOf } from "../graph/library";
import { isPortRow, portRows } from "../graph/portRows";
import { boundTo } from "../graph/variables";
import { shownError } from "../state/failures";
import type { FlowNode } from "../state/flow";
import { isInstance } from "./actions/subgraphs";
import { useClient, useEditor, useKernel } from "./context";
import { Displays } from "./displays/Displays";
import { InputRow } from "./InputRow";
import { gated } from "./MountGate";
import { NodeHeader } from "./NodeHeader";
import { NodeMessages, ProgressBar } from "./NodeMessages";
import { Passages } from "./Passages";
import { Port } from "./Port";
import { Preview } from "./Preview";
import { MODE_WORDS } from "./words";

const NARROWEST = 160;
const WIDEST = 960;
const NONE: readonly string[] = [];

/** A node as a card. Renders again only when its own node, type, state or selection changes; not while it is dragged. */
export const NodeCard = gated(function NodeCard({ id, selected }: NodeProps<FlowNode>) {
  const node = useKernel((state) => state.document.nodes[id]);
  return node === undefined ? null : <Card id={id} node={node} selected={selected} />;
});

interface CardProps {
  readonly id: string;
  readonly node: GraphNode;
  readonly selected: boolean;
}

function Card({ id, node, selected }: CardProps) {
  const { actions } = useEditor();
  const library = useKernel((state) => state.library);
  const used = useKernel((state) => state.used.get(id) ?? NONE);
  const state = useKernel((kernel) => kernel.statuses[id]?.state ?? "idle");
  const stale = useKernel((kernel) => kernel.statuses[id]?.stale === true);
  const ports = useMemo(() => portsOf(library, node, used), [library, node, used]);
  const collapsed = node.view?.collapsed === true;
  useFreshPorts(id, ports, `${collapsed}\n${portRows(node).join("\n")}`);
  const drop = useFileDrop(id, ports);
  const mode = modeOf(node);
  const dim = useClient((client) => client.fitting !== null && !client.fitting.has(id));
  const title = titleOf(library, node);
  const description = findType(library, node.type)?.description;
  return (
    <article
      className="nb-card"
      data-node-id={id}
      data-state={state}
      data-stale={stale || undefined}
      data-type={node.type}
      data-selected={selected}
      data-unknown={ports.unknown}
      data-mode={mode ?? undefined}
      data-dim={dim || undefined}
      aria-label={mode === null ? title : `${title}, ${MODE_WORDS[mode].toLowerCase()}`}
      {...drop}
    >
      <NodeHeader
        id={id}
        title={title}
        type={[node.type, description].filter(Boolean).join("\n")}
        color={node.view?.color}
        collapsed={collapsed}
        mode={mode}
        isInstance={isInstance(node.type)}
      />
      <ProgressBar id={id} />
      {collapsed ? (
        <CollapsedPorts id={id} node={node} ports={ports} used={used} />
      ) : (
        <>
          <CardBody id={id} node={node} ports={ports} used={used} />
          <NodeMessages id={id} />
          <Displays id={id} />
          <Preview id={id} />
          <NodeResizeControl
            className="nb-resize"
            position="right"
            minWidth={NARROWEST}
            maxWidth={WIDEST}
            resizeDirection="horizontal"
            onResizeEnd={(_event, size) => actions.resize(id, { width: size.width || CARD_WIDTH })}
          />
        </>
      )}
    </article>
  );
}

interface BodyProps {
  readonly id: string;
  readonly node: GraphNode;
  readonly ports: Ports;
  readonly used: readonly string[];
}

/** Ports in rows at both edges, then the controls in the order of the inputs. */
function CardBody({ id, node, ports, used }: BodyProps) {
  const problems = useInputProblems(id);
  const row = (input: Ports["inputs"][number]) => (
    <InputRow
      key={input.name}
      node={id}
      input={input}
      value={literalOf(node, input)}
      variable={boundTo(node, input.name)}
      linked={own(node.links, input.name) !== undefined}
      asPort={isPortRow(node, input)}
      readOnly={ports.unknown}
      problem={problems.get(input.name)}
    />
  );
  return (
    <div className="nb-body">
      {ports.unknown && (
        <p className="nb-message" data-level="warning" role="note">
          <span>Unknown type {node.type}: its values are kept.</span>
        </p>
      )}
      <div className="nb-ports">
        {modeOf(node) === "bypass" && <Passages node={node} ports={ports} />}
        <div className="nb-ports-in">{topInputs(node, ports.inputs).map(row)}</div>
        <div className="nb-ports-out">
          {ports.outputs.map((output) => (
            <div key={output.name} className="nb-row nb-row--out">
              <span className="nb-port-label">{output.name}</span>
              <Port
                node={id}
                side="out"
                name={output.name}
                type={output.type}
                doc={output.doc}
                linked={used.includes(output.name)}
                readOnly={ports.unknown}
              />
            </div>
          ))}
        </div>
      </div>
      {rowInputs(node, ports.inputs).map(row)}
    </div>
  );
}

/** A folded card keeps the ports that have links, all at the middle of its edges. */
function CollapsedPorts({ id, node, ports, used }: BodyProps) {
  return (
    <div className="nb-folded">
      {ports.inputs
        .filter((input) => own(node.links, input.name) !== undefined)
        .map((input) => (
          <Port key={input.name} node={id} side="in" name={input.name} type={input.type} linked readOnly />
        ))}
      {ports.outputs
        .filter((output) => used.includes(output.name))
        .map((output) => (
          <Port key={output.name} node={id} side="out" name={output.name} type={output.type} linked readOnly />
        ))}
    </div>
  );
}

/** What is wrong with each input: the validation's problems, and the error of the run where it names one. */
function useInputProblems(id: string): ReadonlyMap<string, string> {
  const problems = useKernel((state) => state.problems.get(id));
  const status = useKernel((state) => state.statuses[id]);
  const error = shownError(status, problems);
  return useMemo(() => {
    const found = new Map<string, string>();
    for (const problem of problems ?? []) {
      if (problem.input !== null) found.set(problem.input, problem.message);
    }
    if (error?.input) found.set(error.input, error.message);
    return found;
  }, [problems, error]);
}

/** React Flow measures ports when a card changes its size; the same size with other ports needs a word. */
function useFreshPorts(id: string, ports: Ports, look: string): void {
  const { measures } = useEditor();
  const update = useUpdateNodeInternals();
  const names = [...ports.inputs, ...ports.outputs].map((port) => port.name).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: names and look are what the ports' places depend on
  useEffect(() => measures.add(id, update), [id, names, look, update, measures]);
}

/** A file dropped on a card that takes some. */
function useFileDrop(id: string, ports: Ports) {
  const { actions } = useEditor();
  if (!ports.inputs.some(({ widget }) => widget?.kind === "picture" || widget?.kind === "file")) return {};
  const over = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return {
    onDragOver: over,
    onDrop: (event: DragEvent) => {
      const file = event.dataTransfer.files[0];
      over(event);
      if (file) actions.giveFile(id, file);
    },
  };
}
