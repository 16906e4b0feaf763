/** Which output fits which input, and if not, why not. */
import { linkMakesCycle } from "./cycles";
import type { GraphDocument } from "./document";
import { findType, type Library, NOTE_TYPE, type NodeTypeInfo, titleOf } from "./library";
import { outputTypeOf } from "./reroutes";

type Adapters = Library["adapters"];

export const ANY = "*";

/** The names in a port type: `"IMAGE,MASK"` is a union. */
export function portNames(type: string): string[] {
  return type.split(",").map((name) => name.trim());
}

export function typesFit(source: string, target: string, adapters: Adapters): boolean {
  const sources = portNames(source);
  const targets = portNames(target);
  if (sources.includes(ANY) || targets.includes(ANY)) return true;
  if (sources.some((name) => targets.includes(name))) return true;
  return adapters.some(([from, to]) => sources.includes(from) && targets.includes(to));
}

/** Whether two types have a name in common or one is anything: no conversion. */
export function namesMatch(one: string, other: string): boolean {
  return typesFit(one, other, []);
}

export interface Connection {
  readonly source: string;
  readonly output: string;
  readonly target: string;
  readonly input: string;
}

/** Null where the connection may be made, else the reason why not, as a sentence. */
export function whyNotConnect(document: GraphDocument, library: Library, link: Connection): string | null {
  const source = document.nodes[link.source];
  const target = document.nodes[link.target];
  if (source === undefined || target === undefined) return "One of the nodes is no longer there.";
  if (link.source === link.target) return "A node cannot take its own output.";
  const sourceType = findType(library, source.type);
  const targetType = findType(library, target.type);
  if (sourceType === undefined) return `${source.type} is unknown here: its links are read-only.`;
  if (targetType === undefined) return `${target.type} is unknown here: its links are read-only.`;
  const output = sourceType.outputs.find((port) => port.name === link.output);
  const input = targetType.inputs.find((port) => port.name === link.input);
  if (output === undefined) return `${titleOf(library, source)} has no output ${link.output}.`;
  if (input === undefined) return `${titleOf(library, target)} has no input ${link.input}.`;
  const given = outputTypeOf(document, library, [link.source, link.output]);
  if (!typesFit(given, input.type, library.adapters)) {
    return `${input.name} takes ${typeWords(input.type)}, not ${typeWords(given)}.`;
  }
  if (linkMakesCycle(document, link.source, link.target)) {
    return `${titleOf(library, source)} already depends on ${titleOf(library, target)}: this would be a loop.`;
  }
  return null;
}

/** A port type as words: `"IMAGE,MASK"` → `IMAGE or MASK`. */
export function typeWords(type: string): string {
  return portNames(type)
    .map((name) => (name === ANY ? "anything" : name))
    .join(" or ");
}

/** The first input of a type that an output of `portType` fits, or undefined. Ports without a control come first. */
export function firstFittingInput(type: NodeTypeInfo, portType: string, adapters: Adapters): string | undefined {
  const fitting = type.inputs.filter((input) => typesFit(portType, input.type, adapters));
  return (fitting.find((input) => input.widget === null) ?? fitting[0])?.name;
}

/** The first output of a type that fits an input of `portType`, or undefined. */
export function firstFittingOutput(type: NodeTypeInfo, portType: string, adapters: Adapters): string | undefined {
  return type.outputs.find((output) => typesFit(output.type, portType, adapters))?.name;
}

export function isNote(type: string): boolean {
  return type === NOTE_TYPE;
}
