/** The graph document (docs/design/document.md). Values are immutable: an edit makes new objects along its path only. */

import type { GraphDocument, GraphNode, Group } from "../protocol.gen";

export type { BoundaryPort, GraphDocument, GraphNode, Group, Link, Subgraph, Value, View } from "../protocol.gen";

/** How a node that does not run is treated: nothing comes out of it, or what goes in comes out. */
export type Mode = "mute" | "bypass";

export function modeOf(node: GraphNode | undefined): Mode | null {
  return node?.mode === "mute" || node?.mode === "bypass" ? node.mode : null;
}

/** What one graph is made of: the top one, or the one inside a subgraph. */
export interface Graph {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly groups?: Readonly<Record<string, Group>>;
}

export const REROUTE = "Reroute";
export const SUBGRAPH_INPUTS = "SubgraphInputs";
export const SUBGRAPH_OUTPUTS = "SubgraphOutputs";
export const INSTANCE = "subgraph:";

/** The id of the subgraph that nodes of a type are instances of, null for any other type. */
export function subgraphIdOf(type: string): string | null {
  return type.startsWith(INSTANCE) ? type.slice(INSTANCE.length) : null;
}

export const EMPTY_DOCUMENT: GraphDocument = { nodebook: 1, nodes: {} };

/** At most 15 digits and no leading zero: the same in Python. */
const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,14})$/;

/** A member that the record itself has: names like "constructor" are names like any other. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Document order: whole numbers by size (`"2"` before `"10"`), then the other ids by name. */
export function compareIds(a: string, b: string): number {
  const wholeA = WHOLE_NUMBER.test(a);
  const wholeB = WHOLE_NUMBER.test(b);
  if (wholeA !== wholeB) return wholeA ? -1 : 1;
  if (wholeA) return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function orderedIds(document: Graph): string[] {
  return Object.keys(document.nodes).sort(compareIds);
}

/** The highest whole-number id in the document, inside subgraphs too; 0 where there is none. */
export function highestId(document: GraphDocument): number {
  return Math.max(
    highestOf(Object.keys(document.nodes)),
    ...Object.values(document.subgraphs ?? {}).map((subgraph) => highestOf(Object.keys(subgraph.nodes))),
  );
}

export function highestOf(ids: readonly string[]): number {
  let highest = 0;
  for (const id of ids) {
    if (WHOLE_NUMBER.test(id)) highest = Math.max(highest, Number(id));
  }
  return highest;
}

export function positionOf(node: GraphNode): { x: number; y: number } {
  return { x: node.view?.x ?? 0, y: node.view?.y ?? 0 };
}
