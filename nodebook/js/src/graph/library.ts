/** Node types as the kernel describes them (docs/design/protocol.md, `library`). */

import type { GraphDocument, GraphNode, InputInfo, Library, NodeTypeInfo, OutputInfo, Value } from "../protocol.gen";
import { SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS } from "./document";

export type { InputInfo, Library, NodeTypeInfo, OutputInfo, Widget } from "../protocol.gen";

/** The least or greatest value of a number, or its step; null: none. */
export type NumberLimit = number | bigint | null;

export const EMPTY_LIBRARY: Library = { revision: 0, types: {}, adapters: [] };

/** The type name of a text note: a node without ports. */
export const NOTE_TYPE = "Note";

export function findType(library: Library, name: string): NodeTypeInfo | undefined {
  return Object.hasOwn(library.types, name) ? library.types[name] : undefined;
}

/** The types that a person may add: all but the boundary of a subgraph, which has one of each. */
export function offeredTypes(library: Library): NodeTypeInfo[] {
  return Object.values(library.types).filter(({ name }) => name !== SUBGRAPH_INPUTS && name !== SUBGRAPH_OUTPUTS);
}

export function titleOf(library: Library, node: GraphNode): string {
  return node.title ?? findType(library, node.type)?.title ?? node.type;
}

/** What an input has: its own literal, else its default, else undefined. */
export function literalOf(node: GraphNode, input: InputInfo): Value | undefined {
  if (node.values !== undefined && Object.hasOwn(node.values, input.name)) return node.values[input.name];
  return input.default;
}

/** The literals that a new node needs because its type has no default: the first choice, the first picture. */
export function initialValues(type: NodeTypeInfo): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const input of type.inputs) {
    const widget = input.widget;
    if (input.default !== undefined && input.default !== null) continue;
    if (widget?.kind !== "choice" && widget?.kind !== "picture" && widget?.kind !== "file") continue;
    const first = widget.options[0];
    if (first !== undefined) values[input.name] = first;
  }
  return values;
}

export interface Ports {
  readonly inputs: readonly InputInfo[];
  readonly outputs: readonly OutputInfo[];
  /** The library does not know the type: values and links are kept and shown, read-only. */
  readonly unknown: boolean;
}

/**
 * The ports of a node: those of its type, and one more for every link that names a port which the type lacks.
 * `usedOutputs` are the output names that other nodes link to.
 */
export function portsOf(library: Library, node: GraphNode, usedOutputs: readonly string[]): Ports {
  const type = findType(library, node.type);
  const inputs = [...(type?.inputs ?? [])];
  const outputs = [...(type?.outputs ?? [])];
  const known = new Set(inputs.map((input) => input.name));
  const names = type === undefined ? [...Object.keys(node.values ?? {}), ...Object.keys(node.links ?? {})] : [];
  for (const name of [...names, ...Object.keys(node.links ?? {})]) {
    if (known.has(name)) continue;
    known.add(name);
    inputs.push({ name, type: "*", widget: null });
  }
  for (const name of usedOutputs) {
    if (!outputs.some((output) => output.name === name)) outputs.push({ name, type: "*" });
  }
  return { inputs, outputs, unknown: type === undefined };
}

/** Output names of each node that some link starts at. */
export function usedOutputs(document: GraphDocument): Map<string, string[]> {
  const used = new Map<string, string[]>();
  for (const node of Object.values(document.nodes)) {
    for (const [source, output] of Object.values(node.links ?? {})) {
      const names = used.get(source);
      if (names === undefined) used.set(source, [output]);
      else if (!names.includes(output)) names.push(output);
    }
  }
  return used;
}

export function isMultiline(input: InputInfo): boolean {
  return input.widget?.kind === "text" && input.widget.multiline === true;
}
