/** Nodes out of ComfyUI's workflow JSON (the project's notes on the format: docs/design/clipboard.md). */
import type { Clip } from "../clip";
import { type Graph, type GraphNode, type Link, REROUTE, type Subgraph, type Value, type View } from "../document";
import { findType, type Library, NOTE_TYPE, type NodeTypeInfo } from "../library";
import { REROUTE_INPUT, REROUTE_OUTPUT } from "../reroutes";
import { type ComfyDefinition, withInstances } from "./definitions";
import { valuesBySlot } from "./slots";
import { BYPASS, type ComfyLink, type ComfyNode, type ComfyWorkflow, isList, isMembers, NEVER } from "./workflow";

const NOTES = new Set(["Note", "MarkdownNote"]);
const PRIMITIVE = "PrimitiveNode";
/** Where a node that the library does not know keeps values that have no names. */
const UNNAMED_VALUES = "widgets_values";

/** A PrimitiveNode, which only ComfyUI's editor knows, is resolved; so is a Reroute where the library has none. */
export function readWorkflow(
  workflow: ComfyWorkflow,
  library: Library,
  definitions: ReadonlyMap<string, ComfyDefinition> = new Map(),
): Clip {
  const used = usedDefinitions(workflow, definitions);
  const subgraphs = [...used].map((id) => {
    const { name, doc, inputs, outputs, workflow: inner } = definitions.get(id) as ComfyDefinition;
    const graph = readGraph(withInstances(inner, definitions), library);
    return [id, { name, ...(doc !== undefined && { doc }), inputs, outputs, ...graph } as Subgraph] as const;
  });
  const graph = readGraph(withInstances(workflow, definitions), library);
  return { ...graph, outside: {}, ...(subgraphs.length > 0 && { subgraphs: Object.fromEntries(subgraphs) }) };
}

/** The definitions that the nodes are instances of, at any depth. */
function usedDefinitions(workflow: ComfyWorkflow, definitions: ReadonlyMap<string, ComfyDefinition>): Set<string> {
  const used = new Set<string>();
  const waiting = [workflow];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { type } of next.nodes) {
      const definition = definitions.get(type);
      if (definition === undefined || used.has(type)) continue;
      used.add(type);
      waiting.push(definition.workflow);
    }
  }
  return used;
}

function readGraph(workflow: ComfyWorkflow, library: Library): Graph {
  const byId = new Map(workflow.nodes.map((node) => [node.id, node]));
  const read: Reading = { workflow, library, byId };
  const nodes: Record<string, GraphNode> = {};
  for (const node of workflow.nodes) {
    if (node.type === PRIMITIVE || isResolved(node, library)) continue;
    if (NOTES.has(node.type)) nodes[node.id] = readNote(node, library);
    else nodes[node.id] = node.type === REROUTE ? readReroute(node, read) : readNode(node, read);
  }
  const groups = workflow.groups.map(({ title, color, bounding: [x, y, width, height] }, index) => {
    const frame = { title, ...(color !== undefined && { color }), x, y, width, height };
    return [String(index + 1), frame] as const;
  });
  return { nodes, ...(groups.length > 0 && { groups: Object.fromEntries(groups) }) };
}

function isResolved(node: ComfyNode, library: Library): boolean {
  return node.type === REROUTE && findType(library, REROUTE) === undefined;
}

interface Reading {
  readonly workflow: ComfyWorkflow;
  readonly library: Library;
  readonly byId: ReadonlyMap<string, ComfyNode>;
}

function readNode(node: ComfyNode, read: Reading): GraphNode {
  const type = findType(read.library, node.type);
  const values: Record<string, Value> = type === undefined ? unknownValues(node) : knownValues(type, node);
  const links: Record<string, Link> = {};
  for (const input of node.inputs) {
    const source = input.link === null ? null : sourceOf(read, input.link);
    if (source === null) continue;
    if ("value" in source) values[input.name] = source.value;
    else links[input.name] = source.link;
  }
  return { ...shared(node, type), values, links };
}

function readReroute(node: ComfyNode, read: Reading): GraphNode {
  const link = node.inputs[0]?.link ?? null;
  const source = link === null ? null : sourceOf(read, link);
  const links: Record<string, Link> = source !== null && "link" in source ? { [REROUTE_INPUT]: source.link } : {};
  return { type: REROUTE, links, view: placeOf(node) };
}

function readNote(node: ComfyNode, library: Library): GraphNode {
  const text = isList(node.values) ? node.values[0] : node.values.text;
  return { ...shared(node, findType(library, NOTE_TYPE)), type: NOTE_TYPE, values: { text: text ?? "" } };
}

function placeOf({ at }: ComfyNode): Record<string, Value> {
  return at === undefined ? {} : { x: Math.round(at.x), y: Math.round(at.y) };
}

function shared(node: ComfyNode, type: NodeTypeInfo | undefined): GraphNode {
  const view: Record<string, Value> = placeOf(node);
  if (node.width !== undefined) view.width = Math.round(node.width);
  if (node.collapsed) view.collapsed = true;
  if (node.color !== undefined) view.color = node.color;
  const mode = node.mode === NEVER ? "mute" : node.mode === BYPASS ? "bypass" : undefined;
  const title = node.title === type?.title || node.title === node.type ? undefined : node.title;
  return {
    type: node.type,
    view: view as View,
    ...(title !== undefined && { title }),
    ...(mode !== undefined && { mode }),
  };
}

/** By position where the numbers agree, else those that the file names; what has no name is kept as a list. */
function knownValues(type: NodeTypeInfo, node: ComfyNode): Record<string, Value> {
  if (isMembers(node.values as Value)) return { ...(node.values as Record<string, Value>) };
  const list = node.values as readonly Value[];
  return valuesBySlot(type, list) ?? unknownValues(node);
}

function unknownValues(node: ComfyNode): Record<string, Value> {
  if (!isList(node.values as Value)) return { ...(node.values as Record<string, Value>) };
  const list = node.values as readonly Value[];
  const names = node.inputs.flatMap((input) => (input.widget === undefined ? [] : [input.widget.name]));
  if (list.length === 0) return {};
  if (names.length !== list.length) return { [UNNAMED_VALUES]: list };
  return Object.fromEntries(names.map((name, index) => [name, list[index] as Value]));
}

/** Where a link starts: an output, or the value of a PrimitiveNode. Null for what leads nowhere or in a circle. */
function sourceOf(read: Reading, linkId: number): { readonly link: Link } | { readonly value: Value } | null {
  const seen = new Set<number>();
  let link: ComfyLink | undefined = read.workflow.links.get(linkId);
  for (let id: number | null = linkId; id !== null && !seen.has(id); link = read.workflow.links.get(id ?? Number.NaN)) {
    seen.add(id);
    const node: ComfyNode | undefined = link && read.byId.get(link.source);
    if (link === undefined || node === undefined) return null;
    if (node.type === PRIMITIVE) {
      const value = isList(node.values as Value) ? (node.values as readonly Value[])[0] : undefined;
      return value === undefined ? null : { value };
    }
    if (node.type === REROUTE && !isResolved(node, read.library)) return { link: [node.id, REROUTE_OUTPUT] };
    if (node.type !== REROUTE) return { link: [node.id, outputName(read, node, link.sourceSlot)] };
    id = node.inputs[0]?.link ?? null;
  }
  return null;
}

/** By its place among the type's outputs: the names in a file may be translated. */
function outputName({ library }: Reading, node: ComfyNode, slot: number): string {
  const known = findType(library, node.type)?.outputs[slot]?.name;
  return known ?? node.outputs[slot]?.name ?? `output ${slot}`;
}
