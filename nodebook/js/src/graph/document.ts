/** The graph document (docs/design/document.md). Values are immutable: an edit makes new objects along its path only. */

/** A literal of an input. 64-bit whole numbers are `bigint`, nan and infinities are numbers; see sync/convert.ts. */
export type Value = null | boolean | number | bigint | string | readonly Value[] | { readonly [name: string]: Value };

/** `[source node id, output name]` */
export type Link = readonly [string, string];

/** Pixels at zoom 1. Members that this version does not know are kept. */
export interface View {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly collapsed?: boolean;
  readonly color?: string;
  readonly [member: string]: Value | undefined;
}

export interface GraphNode {
  readonly type: string;
  readonly title?: string;
  readonly values?: Readonly<Record<string, Value>>;
  readonly links?: Readonly<Record<string, Link>>;
  readonly view?: View;
  readonly origin?: Readonly<Record<string, Value>>;
  /** `Mode`, or a word that this version does not know: kept, and without a meaning. */
  readonly mode?: string;
}

/** How a node that does not run is treated: nothing comes out of it, or what goes in comes out. */
export type Mode = "mute" | "bypass";

export function modeOf(node: GraphNode | undefined): Mode | null {
  return node?.mode === "mute" || node?.mode === "bypass" ? node.mode : null;
}

/** A frame behind the cards. Which nodes are in it is found where it stands when it is dragged. */
export interface Group {
  readonly title?: string;
  readonly color?: string;
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly [member: string]: Value | undefined;
}

/** What one graph is made of: the top one, or the one inside a subgraph. */
export interface Graph {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly groups?: Readonly<Record<string, Group>>;
}

/** An input or output of a subgraph; an input may have a `default`, which instances without a value have. */
export interface BoundaryPort {
  readonly name: string;
  readonly type?: string;
  readonly default?: Value;
  readonly [member: string]: Value | undefined;
}

/** The definition that nodes of type `subgraph:<id>` are instances of. */
export interface Subgraph extends Graph {
  readonly name?: string;
  readonly doc?: string;
  readonly inputs?: readonly BoundaryPort[];
  readonly outputs?: readonly BoundaryPort[];
}

export interface GraphDocument extends Graph {
  readonly nodebook: number;
  readonly name?: string | null;
  /** What every editor of the document remembers. */
  readonly view?: Readonly<Record<string, Value>>;
  readonly subgraphs?: Readonly<Record<string, Subgraph>>;
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
  let highest = 0;
  for (const graph of [document, ...Object.values(document.subgraphs ?? {})]) {
    for (const id of Object.keys(graph.nodes)) {
      if (WHOLE_NUMBER.test(id)) highest = Math.max(highest, Number(id));
    }
  }
  return highest;
}

export function positionOf(node: GraphNode): { x: number; y: number } {
  return { x: node.view?.x ?? 0, y: node.view?.y ?? 0 };
}
