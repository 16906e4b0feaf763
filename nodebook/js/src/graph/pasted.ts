/** What a text that is pasted into a graph holds. */
import type { Clip } from "./clip";
import { readDefinitions } from "./comfy/definitions";
import { readPrompt } from "./comfy/readPrompt";
import { readWorkflow } from "./comfy/readWorkflow";
import { asWorkflow, isMembers } from "./comfy/workflow";
import type { GraphDocument, GraphNode, Value } from "./document";
import { parseJson } from "./json";
import type { Library } from "./library";

export interface Pasted {
  readonly from: "nodebook" | "ComfyUI";
  readonly clip: Clip;
}

/**
 * The nodes of a text: nodebook's own, a graph's document, a ComfyUI workflow or API prompt. Null for any other text.
 * `readDocument` turns a parsed document of the file format into the editor's own values.
 */
export function readPasted(
  text: string,
  library: Library,
  readDocument: (text: string) => GraphDocument,
): Pasted | null {
  if (!/^\s*\{/.test(text)) return null;
  let data: Value;
  try {
    data = parseJson(text);
  } catch {
    return null;
  }
  if (!isMembers(data)) return null;
  if (data.nodebook !== undefined) {
    const clip = readClip(readDocument(text), data.outside);
    return clip === null ? null : { from: "nodebook", clip };
  }
  const workflow = asWorkflow(data);
  const clip = workflow === null ? readPrompt(data, library) : readWorkflow(workflow, library, readDefinitions(data));
  return clip === null ? null : { from: "ComfyUI", clip };
}

function readClip(document: GraphDocument, outside: Value | undefined): Clip | null {
  const nodes = readNodes(document.nodes);
  if (nodes === null) return null;
  const { subgraphs, groups } = document;
  return {
    nodes,
    outside: isMembers(outside) ? (outside as Clip["outside"]) : {},
    ...(areMembers(subgraphs, (one) => readNodes(one.nodes) !== null) && { subgraphs }),
    ...(areMembers(groups, () => true) && { groups }),
  };
}

/** Whether it is an object of objects, each of which is as it should be. */
function areMembers(held: unknown, isRight: (one: Readonly<Record<string, Value>>) => boolean): boolean {
  return (
    isMembers(held as Value) &&
    Object.values(held as Record<string, Value>).every((one) => isMembers(one) && isRight(one))
  );
}

/** The nodes, if each has a type and, where it has links, two names in each. */
function readNodes(nodes: unknown): Clip["nodes"] | null {
  if (!isMembers(nodes as Value)) return null;
  const all = Object.values(nodes as Record<string, Value>);
  return all.length > 0 && all.every(isNode) ? (nodes as Record<string, GraphNode>) : null;
}

function isNode(node: Value): boolean {
  if (!isMembers(node) || typeof node.type !== "string") return false;
  for (const member of ["values", "links", "view"] as const) {
    if (node[member] !== undefined && !isMembers(node[member])) return false;
  }
  return Object.values((node.links ?? {}) as Record<string, Value>).every(
    (link) => Array.isArray(link) && link.length === 2 && link.every((end) => typeof end === "string"),
  );
}
