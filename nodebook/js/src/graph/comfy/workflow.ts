/** ComfyUI's workflow JSON: its nodes and links in both versions of the format, as far as they are read here. */
import type { Value } from "../document";

export interface ComfyInput {
  readonly name: string;
  readonly type: string;
  /** Id of the link that comes in. */
  readonly link: number | null;
  /** The control whose socket it is. */
  readonly widget?: { readonly name: string };
}

export interface ComfyOutput {
  readonly name: string;
  readonly type: string;
  readonly links: readonly number[] | null;
}

export interface ComfyNode {
  readonly id: string;
  readonly type: string;
  /** Undefined where the file does not say. */
  readonly at: { readonly x: number; readonly y: number } | undefined;
  readonly width: number | undefined;
  readonly collapsed: boolean;
  readonly mode: number;
  readonly title: string | undefined;
  readonly color: string | undefined;
  readonly inputs: readonly ComfyInput[];
  readonly outputs: readonly ComfyOutput[];
  readonly values: readonly Value[] | Readonly<Record<string, Value>>;
}

export interface ComfyLink {
  readonly source: string;
  readonly sourceSlot: number;
  readonly target: string;
  readonly targetSlot: number;
}

/** A frame with a title. */
export interface ComfyGroup {
  readonly title: string;
  readonly color: string | undefined;
  readonly bounding: readonly [x: number, y: number, width: number, height: number];
}

export interface ComfyWorkflow {
  readonly groups: readonly ComfyGroup[];
  readonly nodes: readonly ComfyNode[];
  readonly links: ReadonlyMap<number, ComfyLink>;
}

type Members = Readonly<Record<string, Value>>;

/** ComfyUI's words for a node that does not run. */
export const NEVER = 2;
export const BYPASS = 4;

/** The workflow in a parsed text, or null where it is none: nodes are a list and each has an id and a type. */
export function asWorkflow(data: Value): ComfyWorkflow | null {
  if (!isMembers(data) || !isList(data.nodes)) return null;
  const nodes = data.nodes.map(readNode).filter((node) => node !== null);
  if (nodes.length === 0 || nodes.length < data.nodes.length) return null;
  const links = new Map<number, ComfyLink>();
  for (const link of isList(data.links) ? data.links : []) {
    const [id, ends] = readLink(link) ?? [];
    if (id !== undefined && ends !== undefined) links.set(id, ends);
  }
  const groups = (isList(data.groups) ? data.groups : []).map(readGroup).filter((group) => group !== null);
  return { nodes, links, groups };
}

function readGroup(data: Value): ComfyGroup | null {
  if (!isMembers(data) || !isList(data.bounding)) return null;
  const [x, y, width, height] = data.bounding.map(numberOf);
  if (x === undefined || y === undefined || width === undefined || height === undefined) return null;
  return { title: textOf(data.title) ?? "", color: textOf(data.color), bounding: [x, y, width, height] };
}

function readNode(data: Value): ComfyNode | null {
  if (!isMembers(data) || typeof data.type !== "string" || !isId(data.id)) return null;
  const [x, y] = pairOf(data.pos);
  const [width] = pairOf(data.size);
  const flags = isMembers(data.flags) ? data.flags : {};
  return {
    id: String(data.id),
    type: data.type,
    at: x === undefined || y === undefined ? undefined : { x, y },
    width,
    collapsed: flags.collapsed === true,
    mode: numberOf(data.mode) ?? 0,
    title: textOf(data.title),
    color: textOf(data.color),
    inputs: (isList(data.inputs) ? data.inputs : []).filter(isMembers).map(readInput),
    outputs: (isList(data.outputs) ? data.outputs : []).filter(isMembers).map(readOutput),
    values: isList(data.widgets_values) || isMembers(data.widgets_values) ? data.widgets_values : [],
  };
}

function readInput(data: Members): ComfyInput {
  const widget = isMembers(data.widget) ? textOf(data.widget.name) : undefined;
  const input = { name: textOf(data.name) ?? "", type: typeText(data.type), link: numberOf(data.link) ?? null };
  return widget === undefined ? input : { ...input, widget: { name: widget } };
}

function readOutput(data: Members): ComfyOutput {
  return { name: textOf(data.name) ?? "", type: typeText(data.type), links: null };
}

/** Links are lists in version 0.4, and objects in version 1. */
function readLink(data: Value): [number, ComfyLink] | null {
  const [id, source, sourceSlot, target, targetSlot] = isList(data)
    ? data
    : isMembers(data)
      ? [data.id, data.origin_id, data.origin_slot, data.target_id, data.target_slot]
      : [];
  const number = numberOf(id);
  if (number === undefined || !isId(source) || !isId(target)) return null;
  const slots = [numberOf(sourceSlot), numberOf(targetSlot)];
  if (slots[0] === undefined || slots[1] === undefined) return null;
  return [number, { source: String(source), sourceSlot: slots[0], target: String(target), targetSlot: slots[1] }];
}

/** A type may be a number or a list of names. */
function typeText(type: Value | undefined): string {
  if (isList(type)) return type.map(String).join(",");
  return type === undefined || type === null ? "*" : String(type);
}

/** `pos` and `size` are lists, or objects with the members 0 and 1. */
function pairOf(data: Value | undefined): [number | undefined, number | undefined] {
  const pair = data as Members | undefined;
  return isList(data) || isMembers(data) ? [numberOf(pair?.[0]), numberOf(pair?.[1])] : [undefined, undefined];
}

function isId(id: Value | undefined): id is string | number {
  return typeof id === "number" || (typeof id === "string" && id !== "");
}

function numberOf(value: Value | undefined): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMembers(value: Value | undefined): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
