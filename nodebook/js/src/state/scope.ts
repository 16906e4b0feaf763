/**
 * Which graph a view shows: the top one, or the one inside an instance. The rest of the editor sees the graph that is shown as
 * if it were all there is: `scopedKernel` has its nodes, with the states and problems of what is inside its instances summed up.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import { type Graph, type GraphDocument, own, subgraphIdOf } from "../graph/document";
import { isBoundary, withSubgraphs } from "../graph/interfaces";
import { type Library, titleOf } from "../graph/library";
import type { NodeStatus, Problem } from "../protocol";
import { type KernelState, type KernelStore, usedOf } from "./kernel";
import { named, sumUp } from "./sumUp";

/** Stands between the ids of an instance and of a node inside it. */
export const SEPARATOR = "/";

export interface ScopeState {
  /** Ids of the instances that were entered, the outermost first. */
  readonly path: readonly string[];
}

export type ScopeStore = StoreApi<ScopeState>;

export function createScopeStore(): ScopeStore {
  return createStore<ScopeState>(() => ({ path: [] }));
}

export interface Level {
  /** The subgraph that is shown, null for the top graph. */
  readonly subgraph: string | null;
  readonly graph: Graph;
}

/** The graphs along a path, the top one first: as far as the path leads somewhere. */
export function levelsOf(document: GraphDocument, path: readonly string[]): Level[] {
  const levels: Level[] = [{ subgraph: null, graph: document }];
  for (const id of path) {
    const subgraph = subgraphIdOf(own(levels.at(-1)?.graph.nodes, id)?.type ?? "");
    const graph = subgraph === null ? undefined : own(document.subgraphs, subgraph);
    if (subgraph === null || graph === undefined) break;
    levels.push({ subgraph, graph });
  }
  return levels;
}

export function levelOf(document: GraphDocument, path: readonly string[]): Level {
  return levelsOf(document, path).at(-1) as Level;
}

/** What stands before the ids of the graph that is shown. */
export function prefixOf(path: readonly string[]): string {
  return path.map((id) => id + SEPARATOR).join("");
}

/** What was shown, and of what. */
interface Derived {
  readonly state: KernelState;
  readonly path: readonly string[];
  readonly scoped: KernelState;
}

/** The state of the graph that is shown. What says the same as before keeps its identity, and costs nothing. */
export function scopedState(state: KernelState, path: readonly string[], before: Derived | null): KernelState {
  const { document } = state;
  if (document.subgraphs === undefined && path.length === 0) return state;
  const old = before?.scoped;
  const same = (...names: (keyof KernelState)[]) =>
    before !== null && before.path === path && names.every((name) => before.state[name] === state[name]);
  const { subgraph, graph } = levelOf(document, path);
  const isSameGraph = old !== undefined && same("document");
  const shown = subgraph === null ? document : isSameGraph ? old.document : insideOf(document, graph, old?.document);
  const library =
    isSameGraph && same("library")
      ? old.library
      : keepLibrary(withSubgraphs(state.library, document, subgraph), old?.library);
  const at: Place = { document, graph, library, prefix: prefixOf(path) };
  const isSamePlace = isSameGraph && library === old.library;
  return {
    ...state,
    document: shown,
    library,
    used: subgraph === null ? state.used : shown === old?.document ? old.used : usedOf(shown, old?.used ?? new Map()),
    statuses: isSamePlace && same("statuses") ? old.statuses : scopedStatuses(state.statuses, at, old?.statuses ?? {}),
    problems:
      isSamePlace && same("problems") ? old.problems : scopedProblems(state.problems, at, old?.problems ?? new Map()),
  };
}

/** The kernel's state as the graph that is shown has it; it follows both until `signal` aborts. */
export function scopedKernel(kernel: KernelStore, scope: ScopeStore, signal: AbortSignal): KernelStore {
  let last: Derived | null = null;
  const derive = (): KernelState => {
    const [state, { path }] = [kernel.getState(), scope.getState()];
    last = { state, path, scoped: scopedState(state, path, last) };
    return last.scoped;
  };
  const store = createStore<KernelState>(derive);
  const follow = () => store.setState(derive(), true);
  const stops = [kernel.subscribe(follow), scope.subscribe(follow)];
  signal.addEventListener("abort", () => stops.map((stop) => stop()), { once: true });
  return store;
}

interface Place {
  readonly document: GraphDocument;
  readonly graph: Graph;
  readonly library: Library;
  readonly prefix: string;
}

/** The graph inside a subgraph as a document: with the subgraphs that it may use. */
function insideOf(document: GraphDocument, graph: Graph, before: GraphDocument | undefined): GraphDocument {
  const same =
    before !== undefined &&
    before.nodes === graph.nodes &&
    before.groups === graph.groups &&
    before.subgraphs === document.subgraphs &&
    before.view === document.view;
  if (same) return before;
  const { name, nodebook, view, subgraphs } = document;
  return {
    nodebook,
    nodes: graph.nodes,
    ...(name !== undefined && { name }),
    ...(view && { view }),
    ...(graph.groups && { groups: graph.groups }),
    ...(subgraphs && { subgraphs }),
  };
}

/** Every card looks at the library: it is another one only where a type is. */
function keepLibrary(library: Library, before: Library | undefined): Library {
  if (before === undefined || before.revision !== library.revision || before.adapters !== library.adapters)
    return library;
  const names = Object.keys(library.types);
  if (names.length !== Object.keys(before.types).length) return library;
  const same = names.every((name) => {
    const [old, now] = [own(before.types, name), library.types[name]];
    return old === now || JSON.stringify(old, plain) === JSON.stringify(now, plain);
  });
  return same ? before : library;
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** The id in the graph that is shown, and the node meant; null for what is not there, or elsewhere. */
function locate(
  path: string,
  { document, graph, prefix }: Place,
): { id: string; node: { title: string } | null } | null {
  if (!path.startsWith(prefix)) return null;
  const rest = path.slice(prefix.length);
  if (own(graph.nodes, rest) !== undefined) return { id: rest, node: null };
  const parts = rest.split(SEPARATOR);
  const id = parts[0] as string;
  let current: Graph | undefined = graph;
  for (const part of parts.slice(0, -1)) {
    const subgraph: string | null = subgraphIdOf(own(current?.nodes, part)?.type ?? "");
    current = subgraph === null ? undefined : own(document.subgraphs, subgraph);
    if (current === undefined) return null;
  }
  const node = own(current?.nodes, parts.at(-1) as string);
  return node === undefined ? null : { id, node: { title: node.title ?? node.type } };
}

function scopedStatuses(
  all: KernelState["statuses"],
  at: Place,
  before: KernelState["statuses"],
): KernelState["statuses"] {
  const statuses: Record<string, NodeStatus> = {};
  const inner = new Map<string, { title: string; status: NodeStatus }[]>();
  for (const [path, status] of Object.entries(all)) {
    const found = locate(path, at);
    if (found === null) continue;
    if (found.node === null) statuses[found.id] = status;
    else inner.set(found.id, [...(inner.get(found.id) ?? []), { title: innerTitle(path, at), status }]);
  }
  for (const [id, parts] of inner) {
    const sum = sumUp(parts);
    const old = before[id];
    statuses[id] = old !== undefined && JSON.stringify(old) === JSON.stringify(sum) ? old : sum;
  }
  return statuses;
}

function scopedProblems(
  all: KernelState["problems"],
  at: Place,
  before: KernelState["problems"],
): KernelState["problems"] {
  const found = new Map<string, readonly Problem[]>();
  for (const [path, problems] of all) {
    const place = locate(path, at);
    if (place === null) continue;
    const own = place.node === null ? problems : problems.map((problem) => atInstance(problem, place.id, at));
    found.set(place.id, [...(found.get(place.id) ?? []), ...own]);
  }
  for (const [id, list] of found) {
    const old = before.get(id);
    if (old !== undefined && JSON.stringify(old) === JSON.stringify(list)) found.set(id, old);
  }
  return found;
}

/** A problem inside an instance as the instance shows it: on its input, where that is what feeds the one inside. */
function atInstance(problem: Problem, id: string, at: Place): Problem {
  const inside = problem.node.slice(at.prefix.length + id.length + 1);
  const subgraph = own(at.document.subgraphs, subgraphIdOf(own(at.graph.nodes, id)?.type ?? "") ?? "");
  const link = problem.input === null ? undefined : own(own(subgraph?.nodes, inside)?.links, problem.input);
  const fed = link !== undefined && isBoundary(own(subgraph?.nodes, link[0])?.type ?? "");
  const title = innerTitle(problem.node, at);
  return { ...problem, node: id, input: fed ? link[1] : null, message: named(title, problem.message) };
}

function innerTitle(path: string, { document, library }: Place): string {
  const parts = path.split(SEPARATOR);
  const node = own(levelOf(document, parts.slice(0, -1)).graph.nodes, parts.at(-1) as string);
  return node === undefined ? path : titleOf(library, node);
}
