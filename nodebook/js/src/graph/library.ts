/** Node types as the kernel describes them (docs/design/protocol.md, `library`). */
import type { FileNames } from "./completion";
import type { GraphDocument, GraphNode, Value } from "./document";

export type Widget =
  | {
      readonly kind: "number";
      readonly min?: NumberLimit;
      readonly max?: NumberLimit;
      readonly step?: number | bigint | null;
      readonly integer?: boolean;
      readonly display?: "number" | "slider";
      /** It may change from run to run (graph/seeds.ts). */
      readonly seed?: boolean;
    }
  | {
      readonly kind: "text";
      readonly multiline?: boolean;
      readonly placeholder?: string | null;
      /** Kinds of files whose names are offered while they are typed (graph/completion.ts). */
      readonly complete?: readonly string[];
    }
  | { readonly kind: "toggle"; readonly on?: string | null; readonly off?: string | null }
  | { readonly kind: "choice"; readonly options: readonly (string | number)[]; readonly files?: string }
  | { readonly kind: "color"; readonly format?: "int" | "hex" }
  | { readonly kind: "picture"; readonly options: readonly string[]; readonly files?: string };

export type NumberLimit = number | bigint | null;

export interface InputInfo {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly default?: Value;
  readonly widget: Widget | null;
  readonly doc?: string;
}

export interface OutputInfo {
  readonly name: string;
  readonly type: string;
  readonly doc?: string;
}

export interface NodeTypeInfo {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly description?: string;
  readonly aliases?: readonly string[];
  readonly inputs: readonly InputInfo[];
  readonly outputs: readonly OutputInfo[];
  readonly is_output?: boolean;
  readonly origin?: string;
}

export interface Library {
  readonly revision: number;
  readonly types: Readonly<Record<string, NodeTypeInfo>>;
  readonly adapters: readonly (readonly [string, string])[];
  /** Names of files that texts may hold, by the kind that their widget's `complete` names. */
  readonly completions?: FileNames;
}

export const EMPTY_LIBRARY: Library = { revision: 0, types: {}, adapters: [] };

/** The type name of a text note: a node without ports. */
export const NOTE_TYPE = "Note";

export function findType(library: Library, name: string): NodeTypeInfo | undefined {
  return Object.hasOwn(library.types, name) ? library.types[name] : undefined;
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
    if (widget?.kind !== "choice" && widget?.kind !== "picture") continue;
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
