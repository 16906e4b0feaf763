/** The session as the graph that is shown has it: ids become paths on the way out, and edits say in which graph they are. */
import { createStore } from "zustand/vanilla";
import { own } from "../graph/document";
import type { Op } from "../graph/edits";
import type { Display, Displays, DisplaysState } from "../state/displays";
import type { KernelStore } from "../state/kernel";
import type { NodePictures, Pictures, PicturesState } from "../state/pictures";
import { levelOf, prefixOf, type ScopeStore, SEPARATOR } from "../state/scope";
import type { Session } from "./session";

/** Operations on a document as a whole: they are the same in every graph. */
const WHOLE: ReadonlySet<Op["op"]> = new Set(["add_subgraph", "remove_subgraph", "set_subgraph", "set_document_view"]);

export function scopedSession(session: Session, kernel: KernelStore, scope: ScopeStore, signal: AbortSignal): Session {
  const subgraph = () => levelOf(kernel.getState().document, scope.getState().path).subgraph ?? undefined;
  const paths = (ids: readonly string[] | null) => {
    const prefix = prefixOf(scope.getState().path);
    return ids?.map((id) => prefix + id) ?? null;
  };
  const pictured = (id: string) => pathOf(session.pictures.store.getState(), prefixOf(scope.getState().path), id);
  return {
    ...session,
    pictures: scopedPictures(session.pictures, scope, signal),
    displays: scopedDisplays(session.displays, scope, signal),
    fullPicture: (node, index, file) => session.fullPicture(pictured(node), index, file),
    morePictures: (node, index) => session.morePictures(pictured(node), index),
    edit: (label, ops) =>
      session.edit(
        label,
        ops.map((op) => inGraph(op, subgraph())),
      ),
    run: (targets, how) => session.run(paths(targets), how),
    plan: (targets) => session.plan(paths(targets)),
    variables: (node, input) => session.variables(prefixOf(scope.getState().path) + node, input),
    unbind: (node, input) => session.unbind(prefixOf(scope.getState().path) + node, input),
    upload: (node, input, name, bytes) => session.upload(node, input, name, bytes, subgraph()),
    paintMask: (place, mask) => session.paintMask({ ...place, graph: subgraph() }, mask),
  };
}

/** An operation that says nothing of its graph is in the one that is shown. */
export function inGraph(op: Op, graph: string | undefined): Op {
  if (graph === undefined || WHOLE.has(op.op) || "graph" in op) return op;
  return { ...op, graph } as Op;
}

/** Pictures of the nodes that are shown; of an instance the newest of those inside. */
function scopedPictures(pictures: Pictures, scope: ScopeStore, signal: AbortSignal): Pictures {
  const derive = () => scopedPictureState(pictures.store.getState(), prefixOf(scope.getState().path));
  const store = createStore<PicturesState>(derive);
  const follow = () => store.setState(derive(), true);
  const stops = [pictures.store.subscribe(follow), scope.subscribe(follow)];
  signal.addEventListener("abort", () => stops.map((stop) => stop()), { once: true });
  return {
    ...pictures,
    store,
    watch(node, index) {
      const prefix = prefixOf(scope.getState().path);
      return pictures.watch(pathOf(pictures.store.getState(), prefix, node), index);
    },
  };
}

function scopedDisplays(displays: Displays, scope: ScopeStore, signal: AbortSignal): Displays {
  const derive = () => scopedDisplayState(displays.store.getState(), prefixOf(scope.getState().path));
  const store = createStore<DisplaysState>(derive);
  const follow = () => store.setState(derive(), true);
  const stops = [displays.store.subscribe(follow), scope.subscribe(follow)];
  signal.addEventListener("abort", () => stops.map((stop) => stop()), { once: true });
  return { ...displays, store };
}

/** Displays of the nodes that are shown; of an instance its own, else those of the first inside that has some. */
export function scopedDisplayState(state: DisplaysState, prefix: string): DisplaysState {
  const paths = Object.keys(state.byNode);
  if (prefix === "" && !paths.some((path) => path.includes(SEPARATOR))) return state;
  const byNode: Record<string, readonly Display[]> = {};
  for (const path of paths.sort()) {
    const id = path.startsWith(prefix) ? path.slice(prefix.length).split(SEPARATOR)[0] : undefined;
    if (id !== undefined && byNode[id] === undefined) byNode[id] = own(state.byNode, path) ?? [];
  }
  return { byNode };
}

export function scopedPictureState(state: PicturesState, prefix: string): PicturesState {
  const paths = Object.keys(state.byNode);
  if (prefix === "" && !paths.some((path) => path.includes(SEPARATOR))) return state;
  const byNode: Record<string, NodePictures> = {};
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const id = path.slice(prefix.length).split(SEPARATOR)[0] as string;
    const chosen = own(state.byNode, pathOf(state, prefix, id));
    if (chosen !== undefined) byNode[id] = chosen;
  }
  return { byNode };
}

/** The path whose pictures a node shows: its own, else the one inside that was drawn last. */
function pathOf(state: PicturesState, prefix: string, id: string): string {
  const whole = prefix + id;
  if (own(state.byNode, whole) !== undefined) return whole;
  const inside = Object.keys(state.byNode).filter((path) => path.startsWith(whole + SEPARATOR));
  return inside.sort((a, b) => newest(state, b) - newest(state, a))[0] ?? whole;
}

function newest(state: PicturesState, path: string): number {
  return Math.max(-1, ...(own(state.byNode, path)?.frames ?? []).map((frame) => frame?.seq ?? -1));
}
