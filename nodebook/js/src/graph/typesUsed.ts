/** The port types that a graph has, for its legend. */
import { outputType } from "./conversions";
import type { GraphDocument } from "./document";
import { findType, type Library } from "./library";

export interface UsedType {
  readonly type: string;
  readonly links: number;
}

/** The types of all ports of the graph without duplicates, those with most links first; controls count where linked. */
export function typesUsed(document: GraphDocument, library: Library): UsedType[] {
  const links = new Map<string, number>();
  for (const node of Object.values(document.nodes)) {
    const type = findType(library, node.type);
    for (const port of type?.inputs ?? []) if (port.widget === null) links.set(port.type, links.get(port.type) ?? 0);
    for (const port of type?.outputs ?? []) links.set(port.type, links.get(port.type) ?? 0);
    for (const [source, output] of Object.values(node.links ?? {})) {
      const given = outputType(document, library, source, output);
      if (given !== undefined) links.set(given, (links.get(given) ?? 0) + 1);
    }
  }
  return [...links]
    .map(([type, count]) => ({ type, links: count }))
    .sort((a, b) => b.links - a.links || a.type.localeCompare(b.type));
}
