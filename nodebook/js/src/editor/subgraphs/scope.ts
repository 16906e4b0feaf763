/** Going into subgraphs and out again, in one view. */
import type { Viewport } from "@xyflow/react";
import type { ClientStore } from "../../state/client";
import type { KernelStore } from "../../state/kernel";
import { levelsOf, prefixOf, type ScopeStore } from "../../state/scope";
import type { Session } from "../../sync/session";
import type { EditorContextValue } from "../context";

/** The document as a whole, whatever part of it is shown. */
export interface Whole {
  readonly kernel: KernelStore;
  readonly session: Session;
}

export interface Scope {
  readonly store: ScopeStore;
  readonly whole: Whole;
  /** Where each graph was looked at when it was left, by its path. */
  readonly viewports: Map<string, Viewport>;
}

export function createScope(store: ScopeStore, whole: Whole): Scope {
  return { store, whole, viewports: new Map() };
}

/** The subgraph that is shown, null for the top graph. */
export function shownSubgraph({ store, whole }: Scope): string | null {
  return levelsOf(whole.kernel.getState().document, store.getState().path).at(-1)?.subgraph ?? null;
}

/** Show the graph of a path. Nothing that is of the graph before stays: ids mean other nodes here. */
export function showPath(scope: Scope, client: ClientStore, path: readonly string[]): void {
  client.setState({
    nodes: [],
    edges: [],
    far: true,
    palette: null,
    menu: null,
    picker: null,
    renaming: null,
    enlarged: null,
    wire: null,
    fitting: null,
    guides: [],
    group: null,
  });
  scope.store.setState({ path });
}

export function enter(editor: EditorContextValue, id: string): void {
  keepViewport(editor);
  showPath(editor.scope, editor.client, [...editor.scope.store.getState().path, id]);
  editor.root.focus({ preventScroll: true });
}

/** Leave as many graphs as it takes to show the one at a depth; 0 is the top one. The instance left is selected. */
export function leaveTo(editor: EditorContextValue, depth: number): void {
  const { path } = editor.scope.store.getState();
  if (depth >= path.length) return;
  keepViewport(editor);
  showPath(editor.scope, editor.client, path.slice(0, depth));
  editor.actions.select([path[depth] as string]);
  editor.root.focus({ preventScroll: true });
}

function keepViewport({ flow, scope }: EditorContextValue): void {
  const viewport = flow.current?.getViewport();
  if (viewport) scope.viewports.set(prefixOf(scope.store.getState().path), viewport);
}

/** Go out of what is no longer there, until `signal` aborts: an instance may be removed elsewhere, or by undo. */
export function bindScope(scope: Scope, client: ClientStore, signal: AbortSignal): void {
  const stop = scope.whole.kernel.subscribe((state, before) => {
    if (state.document === before.document) return;
    const { path } = scope.store.getState();
    const levels = levelsOf(state.document, path).length - 1;
    if (levels < path.length) showPath(scope, client, path.slice(0, levels));
  });
  signal.addEventListener("abort", stop, { once: true });
}
