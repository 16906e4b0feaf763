/** Nodes out of ComfyUI's API prompt: an object of node id → type and inputs. */
import type { Clip } from "../clip";
import type { GraphNode, Link, Value } from "../document";
import { findType, type Library } from "../library";
import { isList, isMembers } from "./workflow";

/** The nodes of a prompt, without places; null where the data is no prompt. */
export function readPrompt(data: Value, library: Library): Clip | null {
  const prompt = isMembers(data) && isMembers(data.prompt) && !("class_type" in data.prompt) ? data.prompt : data;
  if (!isMembers(prompt)) return null;
  const entries = Object.entries(prompt);
  if (entries.length === 0) return null;
  const types = new Map<string, string>();
  for (const [id, entry] of entries) {
    if (!isMembers(entry) || typeof entry.class_type !== "string") return null;
    types.set(id, entry.class_type);
  }
  const nodes: Record<string, GraphNode> = {};
  for (const [id, entry] of entries) nodes[id] = readEntry(entry as Record<string, Value>, types, library);
  return { nodes, outside: {} };
}

function readEntry(entry: Record<string, Value>, types: ReadonlyMap<string, string>, library: Library): GraphNode {
  const type = entry.class_type as string;
  const values: Record<string, Value> = {};
  const links: Record<string, Link> = {};
  for (const [name, given] of Object.entries(isMembers(entry.inputs) ? entry.inputs : {})) {
    if (isLink(given, types)) links[name] = [given[0], outputName(library, types.get(given[0]) ?? "", given[1])];
    else values[name] = unwrapped(given);
  }
  const title = isMembers(entry._meta) ? entry._meta.title : undefined;
  const ownTitle = findType(library, type)?.title ?? type;
  return { type, values, links, ...(typeof title === "string" && title !== ownTitle && { title }) };
}

function isLink(given: Value, types: ReadonlyMap<string, string>): given is readonly [string, number] {
  return isList(given) && given.length === 2 && typeof given[1] === "number" && types.has(given[0] as string);
}

/** A list that is a constant is wrapped, so that it is not taken for a link. */
function unwrapped(given: Value): Value {
  return isMembers(given) && "__value__" in given ? (given.__value__ as Value) : given;
}

function outputName(library: Library, type: string, slot: number): string {
  return findType(library, type)?.outputs[slot]?.name ?? `output ${slot}`;
}
