/** Nodes as ComfyUI's workflow JSON, version 0.4. */
import { type GraphDocument, type GraphNode, type Group, own, positionOf, type Value } from "../document";
import { groupBox } from "../groups";
import { cardWidth, estimateSize } from "../layout";
import { findType, type InputInfo, type Library, literalOf, NOTE_TYPE, portsOf, titleOf } from "../library";
import { outputTypeOf } from "../reroutes";
import { isVariable } from "../variables";
import { slotsOf } from "./slots";
import { BYPASS, NEVER } from "./workflow";

const OPTIONAL_SHAPE = 7;
const MODES: Readonly<Record<string, number>> = { mute: NEVER, bypass: BYPASS };

type WrittenLink = readonly [number, number, number, number, number, string];

/** The nodes and the links among them. Ids become whole numbers, since the format counts. */
export function writeWorkflow(
  document: GraphDocument,
  library: Library,
  ids: readonly string[],
  groups: Readonly<Record<string, Group>> = {},
): object {
  const nodes = ids.filter((id) => document.nodes[id] !== undefined);
  const numbers = new Map(nodes.map((id, index) => [id, index + 1]));
  const used = usedAmong(document, nodes);
  const ports = new Map(
    nodes.map((id) => [id, portsOf(library, document.nodes[id] as GraphNode, used.get(id) ?? [])] as const),
  );
  const links: WrittenLink[] = [];
  for (const id of nodes) {
    ports.get(id)?.inputs.forEach((input, slot) => {
      const [source, output] = own(document.nodes[id]?.links, input.name) ?? [];
      const outputs = ports.get(source ?? "")?.outputs;
      const sourceSlot = outputs?.findIndex((port) => port.name === output) ?? -1;
      if (source === undefined || outputs === undefined || sourceSlot < 0) return;
      const type = outputTypeOf(document, library, [source, output as string]);
      links.push([links.length + 1, numbers.get(source) ?? 0, sourceSlot, numbers.get(id) ?? 0, slot, type]);
    });
  }
  const written = nodes.map((id, order) => {
    const node = document.nodes[id] as GraphNode;
    const number = numbers.get(id) as number;
    return { ...writeHead(node, library, number, order), ...writePorts(ports.get(id), links, number) };
  });
  return {
    last_node_id: nodes.length,
    last_link_id: links.length,
    nodes: written,
    links,
    groups: Object.values(groups).map(writeGroup),
    config: {},
    extra: {},
    version: 0.4,
  };
}

function writeGroup(group: Group, index: number): object {
  const { x, y, width, height } = groupBox(group);
  return { id: index + 1, title: group.title ?? "", bounding: [x, y, width, height], color: group.color, flags: {} };
}

function writeHead(node: GraphNode, library: Library, id: number, order: number): object {
  const { x, y } = positionOf(node);
  const size = estimateSize(node, portsOf(library, node, []));
  return {
    id,
    type: node.type,
    title: titleOf(library, node),
    pos: [x, y],
    size: [cardWidth(node), node.view?.height ?? size.height],
    flags: node.view?.collapsed ? { collapsed: true } : {},
    order,
    mode: MODES[node.mode ?? ""] ?? 0,
    color: node.view?.color,
    properties: { "Node name for S&R": node.type },
    widgets_values: writeValues(node, library),
  };
}

function writePorts(ports: ReturnType<typeof portsOf> | undefined, links: readonly WrittenLink[], id: number): object {
  return {
    inputs: ports?.inputs.map((input, slot) => ({
      name: input.name,
      type: input.type,
      link: links.find((link) => link[3] === id && link[4] === slot)?.[0] ?? null,
      ...(input.widget !== null && { widget: { name: input.name } }),
      ...(input.widget === null && input.required === false && { shape: OPTIONAL_SHAPE }),
    })),
    outputs: ports?.outputs.map((output, slot) => ({
      name: output.name,
      type: output.type,
      links: links.filter((link) => link[1] === id && link[2] === slot).map((link) => link[0]),
    })),
  };
}

/** Values by position; of a type that is not known here by name, as it keeps them. */
function writeValues(node: GraphNode, library: Library): readonly Value[] | Readonly<Record<string, Value>> {
  if (node.type === NOTE_TYPE) return [own(node.values, "text") ?? ""];
  const type = findType(library, node.type);
  if (type === undefined) {
    const { widgets_values: list } = node.values ?? {};
    return Array.isArray(list) ? list : { ...node.values };
  }
  return slotsOf(type).map((slot) => (slot.input === null ? slot.filler : plainValue(node, slot.input)));
}

/** Workflows know no variables: of an input that takes one they have the default. */
function plainValue(node: GraphNode, input: InputInfo): Value {
  const value = literalOf(node, input);
  return (isVariable(value) ? input.default : value) ?? null;
}

function usedAmong(document: GraphDocument, ids: readonly string[]): Map<string, string[]> {
  const used = new Map<string, string[]>();
  for (const id of ids) {
    for (const [source, output] of Object.values(document.nodes[id]?.links ?? {})) {
      used.set(source, [...(used.get(source) ?? []), output]);
    }
  }
  return used;
}
