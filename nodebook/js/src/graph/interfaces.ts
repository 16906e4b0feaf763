/** Subgraphs as node types: what an instance looks like from outside, and the boundary from inside. */
import {
  type BoundaryPort,
  compareIds,
  type GraphDocument,
  type GraphNode,
  INSTANCE,
  own,
  SUBGRAPH_INPUTS,
  SUBGRAPH_OUTPUTS,
  type Subgraph,
  subgraphIdOf,
} from "./document";
import { findType, type InputInfo, type Library, type NodeTypeInfo, type OutputInfo } from "./library";
import { ANY } from "./ports";

export const SUBGRAPH_CATEGORY = "Subgraphs";

/** Stands for the port that is not there yet: a wire led to it makes one. */
export const NEW_PORT = "+";

/** The type of a subgraph's instances. Controls, ranges and defaults are those of the first input inside that is fed. */
export function interfaceOf(document: GraphDocument, library: Library, id: string): NodeTypeInfo | undefined {
  const subgraph = own(document.subgraphs, id);
  if (subgraph === undefined) return undefined;
  return {
    name: INSTANCE + id,
    title: subgraph.name ?? "Subgraph",
    category: SUBGRAPH_CATEGORY,
    description: subgraph.doc ?? "",
    inputs: (subgraph.inputs ?? []).map((port) => instanceInput(document, library, id, port)),
    outputs: (subgraph.outputs ?? []).map(outputInfo),
    origin: "document",
  };
}

/** The library with the document's subgraphs in it and, inside one, its boundary. */
export function withSubgraphs(library: Library, document: GraphDocument, inside: string | null): Library {
  const ids = Object.keys(document.subgraphs ?? {});
  if (ids.length === 0) return library;
  const types: Record<string, NodeTypeInfo> = { ...library.types };
  for (const id of ids) {
    if (inside !== null && contains(document, id, inside)) continue; // it would contain itself
    const type = interfaceOf(document, library, id);
    if (type !== undefined) types[type.name] = type;
  }
  const entered = inside === null ? undefined : own(document.subgraphs, inside);
  if (entered !== undefined) Object.assign(types, boundaryTypes(entered));
  return { ...library, types };
}

/** Whether nodes of a type are the boundary of a subgraph. */
export function isBoundary(type: string): boolean {
  return type === SUBGRAPH_INPUTS || type === SUBGRAPH_OUTPUTS;
}

/** Whether one subgraph is, at any depth, made of another; every one is of itself. */
export function contains(document: GraphDocument, outer: string, inner: string): boolean {
  const seen = new Set<string>();
  const stack = [outer];
  while (stack.length > 0) {
    const id = stack.pop() as string;
    if (id === inner) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const node of Object.values(own(document.subgraphs, id)?.nodes ?? {})) {
      const next = subgraphIdOf(node.type);
      if (next !== null) stack.push(next);
    }
  }
  return false;
}

/** The inputs of ordinary nodes that an input of a subgraph feeds, at any depth, in document order. */
export function fedInputs(
  document: GraphDocument,
  library: Library,
  id: string,
  name: string,
): { node: GraphNode; input: InputInfo }[] {
  const found: { node: GraphNode; input: InputInfo }[] = [];
  const seen = new Set<string>();
  const stack = [{ id, name }];
  while (stack.length > 0) {
    const current = stack.pop() as { id: string; name: string };
    const key = JSON.stringify([current.id, current.name]);
    const subgraph = own(document.subgraphs, current.id);
    if (subgraph === undefined || seen.has(key)) continue;
    seen.add(key);
    for (const { node, input } of readers(subgraph, current.name)) {
      const inner = subgraphIdOf(node.type);
      const info = findType(library, node.type)?.inputs.find((one) => one.name === input);
      if (inner !== null) stack.push({ id: inner, name: input });
      else if (info !== undefined) found.push({ node, input: info });
    }
  }
  return found;
}

function readers(subgraph: Subgraph, name: string): { node: GraphNode; input: string }[] {
  const found: { node: GraphNode; input: string }[] = [];
  for (const id of Object.keys(subgraph.nodes).sort(compareIds)) {
    const node = subgraph.nodes[id] as GraphNode;
    for (const [input, [source, output]] of Object.entries(node.links ?? {})) {
      if (output === name && subgraph.nodes[source]?.type === SUBGRAPH_INPUTS) found.push({ node, input });
    }
  }
  return found;
}

function instanceInput(document: GraphDocument, library: Library, id: string, port: BoundaryPort): InputInfo {
  const fed = fedInputs(document, library, id, port.name)[0];
  const base: InputInfo = fed?.input ?? { name: port.name, type: ANY, widget: null };
  const inner = fed === undefined ? undefined : own(fed.node.values, fed.input.name);
  const fallback = port.default ?? inner ?? base.default;
  const info = { ...base, name: port.name, type: port.type ?? base.type };
  return fallback === undefined ? info : { ...info, default: fallback };
}

function outputInfo(port: BoundaryPort): OutputInfo {
  return { name: port.name, type: port.type ?? ANY };
}

function boundaryTypes(subgraph: Subgraph): Record<string, NodeTypeInfo> {
  const fresh = { name: NEW_PORT, type: ANY };
  return {
    [SUBGRAPH_INPUTS]: {
      name: SUBGRAPH_INPUTS,
      title: "Inputs",
      category: SUBGRAPH_CATEGORY,
      description: "What comes into the subgraph.",
      inputs: [],
      outputs: [...(subgraph.inputs ?? []).map(outputInfo), fresh],
      origin: "document",
    },
    [SUBGRAPH_OUTPUTS]: {
      name: SUBGRAPH_OUTPUTS,
      title: "Outputs",
      category: SUBGRAPH_CATEGORY,
      description: "What the subgraph gives.",
      inputs: [...(subgraph.outputs ?? []).map(outputInfo), fresh].map((port) => ({ ...port, widget: null })),
      outputs: [],
      origin: "document",
    },
  };
}
