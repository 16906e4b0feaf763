/** Subgraphs as ComfyUI's workflow JSON defines them. */
import { INSTANCE, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, type Value } from "../document";
import { asWorkflow, type ComfyNode, type ComfyWorkflow, isList, isMembers } from "./workflow";

/** The ids of the two nodes at a definition's boundary, as its links have them. */
const INPUTS = "-10";
const OUTPUTS = "-20";

type Members = Readonly<Record<string, Value>>;

export interface ComfyPort {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
}

export interface ComfyDefinition {
  readonly name: string;
  readonly doc: string | undefined;
  readonly inputs: readonly ComfyPort[];
  readonly outputs: readonly ComfyPort[];
  /** With the two nodes of the boundary. */
  readonly workflow: ComfyWorkflow;
}

/** The definitions of a workflow, by id; those inside others too. What cannot be read is left out. */
export function readDefinitions(data: Value): Map<string, ComfyDefinition> {
  const found = new Map<string, ComfyDefinition>();
  const waiting: Value[] = [data];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const list = isMembers(next) && isMembers(next.definitions) ? next.definitions.subgraphs : undefined;
    for (const definition of isList(list) ? list : []) {
      if (!isMembers(definition) || typeof definition.id !== "string" || found.has(definition.id)) continue;
      const read = readDefinition(definition);
      if (read !== null) found.set(definition.id, read);
      waiting.push(definition);
    }
  }
  return found;
}

/** A workflow whose instances are known as such, by the ids of the definitions. */
export function withInstances(workflow: ComfyWorkflow, definitions: ReadonlyMap<string, unknown>): ComfyWorkflow {
  const nodes = workflow.nodes.map((node) =>
    definitions.has(node.type) ? { ...node, type: INSTANCE + node.type } : node,
  );
  return { ...workflow, nodes };
}

function readDefinition(data: Members): ComfyDefinition | null {
  const workflow = asWorkflow(data);
  if (workflow === null) return null;
  const inputs = readPorts(data.inputs);
  const outputs = readPorts(data.outputs);
  const doc = typeof data.description === "string" && data.description !== "" ? data.description : undefined;
  const name = typeof data.name === "string" ? data.name : "Subgraph";
  const nodes = [
    ...workflow.nodes,
    {
      ...boundaryNode(INPUTS, SUBGRAPH_INPUTS, data.inputNode),
      outputs: inputs.map((port) => ({ ...port, links: null })),
    },
    {
      ...boundaryNode(OUTPUTS, SUBGRAPH_OUTPUTS, data.outputNode),
      inputs: outputs.map((port, slot) => ({ ...port, link: linkInto(workflow, slot) })),
    },
  ];
  return { name, doc, inputs, outputs, workflow: { ...workflow, nodes } };
}

function readPorts(data: Value | undefined): ComfyPort[] {
  return (isList(data) ? data : []).filter(isMembers).map((port, index) => ({
    name: typeof port.name === "string" ? port.name : `port ${index}`,
    type: typeof port.type === "string" ? port.type : "*",
    ...(typeof port.label === "string" && { label: port.label }),
  }));
}

function boundaryNode(id: string, type: string, place: Value | undefined): ComfyNode {
  const bounding = isMembers(place) && isList(place.bounding) ? place.bounding : [];
  const [x, y] = bounding.map(Number);
  return {
    id,
    type,
    at: x === undefined || y === undefined ? undefined : { x, y },
    width: undefined,
    collapsed: false,
    mode: 0,
    title: undefined,
    color: undefined,
    inputs: [],
    outputs: [],
    values: [],
  };
}

function linkInto({ links }: ComfyWorkflow, slot: number): number | null {
  for (const [id, link] of links) if (link.target === OUTPUTS && link.targetSlot === slot) return id;
  return null;
}
