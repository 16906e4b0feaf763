/** Nodes without subgraphs: instances are taken apart, since ComfyUI's own have another form. */
import { type GraphDocument, own, subgraphIdOf } from "../document";
import { applyOps } from "../edits";
import { unpackedIds, unpackOps } from "../subgraphs";

/** A subgraph that contains itself never comes to an end. */
const MOST_INSTANCES = 1000;

export interface Flat {
  readonly document: GraphDocument;
  readonly ids: readonly string[];
}

export function flatten(document: GraphDocument, ids: readonly string[]): Flat {
  let flat: Flat = { document, ids };
  for (let count = 0; count < MOST_INSTANCES; count += 1) {
    const instance = flat.ids.find((id) => isInstance(flat.document, id));
    if (instance === undefined) break;
    const next = withoutInstance(flat, instance);
    if (next === null) break;
    flat = next;
  }
  return flat;
}

function withoutInstance({ document, ids }: Flat, instance: string): Flat | null {
  const inner = unpackedIds(document, instance).map((id) => `${instance}:${id}`);
  const applied = applyOps(document, unpackOps(document, instance, inner));
  if (applied.refused !== undefined) return null;
  return { document: applied.document, ids: ids.flatMap((id) => (id === instance ? inner : [id])) };
}

function isInstance(document: GraphDocument, id: string): boolean {
  const subgraph = subgraphIdOf(own(document.nodes, id)?.type ?? "");
  return subgraph !== null && own(document.subgraphs, subgraph) !== undefined;
}
