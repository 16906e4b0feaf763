/** Replacing a node by one of another type that keeps its links, its values, its place and its id. */

import { inputType, outputType } from "./conversions";
import type { GraphDocument, GraphNode, Link, Value } from "./document";
import { own, REROUTE } from "./document";
import type { Op } from "./edits";
import { isBoundary } from "./interfaces";
import {
  findType,
  type InputInfo,
  initialValues,
  type Library,
  NOTE_TYPE,
  type NodeTypeInfo,
  offeredTypes,
  type Widget,
} from "./library";
import { ANY, typesFit } from "./ports";

/** A port that has links, and the types at the other ends of them. */
interface LinkedPort {
  readonly name: string;
  readonly types: readonly string[];
}

interface LinkedPorts {
  readonly inputs: readonly LinkedPort[];
  readonly outputs: readonly LinkedPort[];
}

/** Which port of the new type each linked port becomes. */
interface Matched {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

/** The types by which a node can be replaced so that every link stays. */
export function replacementsOf(document: GraphDocument, library: Library, id: string): NodeTypeInfo[] {
  const node = document.nodes[id];
  if (node === undefined || node.type === NOTE_TYPE || isBoundary(node.type)) return [];
  const linked = linkedPorts(document, library, id);
  return offeredTypes(library).filter(
    (type) =>
      type.name !== node.type &&
      type.name !== NOTE_TYPE &&
      type.name !== REROUTE &&
      matchPorts(type, linked, library) !== null,
  );
}

/** The operations that replace a node, or null where the type does not keep its links. */
export function replaceOps(document: GraphDocument, library: Library, id: string, typeName: string): Op[] | null {
  const node = document.nodes[id];
  const type = findType(library, typeName);
  if (node === undefined || type === undefined) return null;
  const matched = matchPorts(type, linkedPorts(document, library, id), library);
  if (matched === null) return null;
  const links: Record<string, Link> = {};
  for (const [input, link] of Object.entries(node.links ?? {})) {
    links[matched.inputs.get(input) as string] = link;
  }
  const { type: _type, values: _values, links: _links, origin: _origin, ...rest } = node;
  const replaced: GraphNode = { ...rest, type: type.name, values: keptValues(node, type), links };
  const consumers: Op[] = [];
  for (const [target, { links: theirs }] of Object.entries(document.nodes)) {
    for (const [input, [source, output]] of Object.entries(theirs ?? {})) {
      if (source !== id || target === id) continue;
      consumers.push({ op: "set_link", node: target, input, source: [id, matched.outputs.get(output) as string] });
    }
  }
  return [{ op: "remove_node", id }, { op: "add_node", id, node: replaced }, ...consumers];
}

function linkedPorts(document: GraphDocument, library: Library, id: string): LinkedPorts {
  const inputs = Object.entries(document.nodes[id]?.links ?? {}).map(([name, [source, output]]) => ({
    name,
    types: [outputType(document, library, source, output) ?? ANY],
  }));
  const outputs = new Map<string, string[]>();
  for (const [target, { links }] of Object.entries(document.nodes)) {
    for (const [input, [source, output]] of Object.entries(links ?? {})) {
      if (source !== id) continue;
      const type = inputType(document, library, target, input) ?? ANY;
      outputs.set(output, [...(outputs.get(output) ?? []), type]);
    }
  }
  return { inputs, outputs: [...outputs].map(([name, types]) => ({ name, types })) };
}

function matchPorts(type: NodeTypeInfo, linked: LinkedPorts, { adapters }: Library): Matched | null {
  const inputs = pair(linked.inputs, type.inputs, (theirs, own) => typesFit(theirs, own, adapters));
  const outputs = pair(linked.outputs, type.outputs, (theirs, own) => typesFit(own, theirs, adapters));
  return inputs === null || outputs === null ? null : { inputs, outputs };
}

/** By name where the types fit; what is left by type, in order. Null where one has no partner. */
function pair(
  linked: readonly LinkedPort[],
  ports: readonly { readonly name: string; readonly type: string; readonly widget?: Widget | null }[],
  fits: (theirs: string, own: string) => boolean,
): Map<string, string> | null {
  const found = new Map<string, string>();
  const fitsAll = (port: LinkedPort, type: string) => port.types.every((theirs) => fits(theirs, type));
  for (const port of linked) {
    if (ports.some((one) => one.name === port.name && fitsAll(port, one.type))) found.set(port.name, port.name);
  }
  const taken = new Set(found.values());
  // A port with a control is linked only where no plain one is left.
  const rest = [...ports.filter((one) => !one.widget), ...ports.filter((one) => one.widget)];
  for (const port of linked.filter(({ name }) => !found.has(name))) {
    const partner = rest.find((one) => !taken.has(one.name) && fitsAll(port, one.type));
    if (partner === undefined) return null;
    taken.add(partner.name);
    found.set(port.name, partner.name);
  }
  return found;
}

/** The values of inputs that the new type has too, where its controls take them. */
function keptValues(node: GraphNode, type: NodeTypeInfo): Record<string, Value> {
  const values = initialValues(type);
  for (const input of type.inputs) {
    const value = own(node.values, input.name);
    if (value !== undefined && takes(input, value)) values[input.name] = value;
  }
  return values;
}

function takes({ widget }: InputInfo, value: Value): boolean {
  switch (widget?.kind) {
    case undefined:
      return false;
    case "number":
      return typeof value === "bigint" || typeof value === "number";
    case "toggle":
      return typeof value === "boolean";
    case "choice":
    case "picture":
      return (widget.options as readonly unknown[]).includes(value);
    case "text":
      return typeof value === "string";
    case "color":
      return typeof value === (widget.format === "hex" ? "string" : "number");
    default:
      return true;
  }
}
