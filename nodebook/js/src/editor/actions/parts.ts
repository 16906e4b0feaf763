/** What every kind of action works with. */
import { titleOf } from "../../graph/library";
import type { ClientStore } from "../../state/client";
import type { KernelStore } from "../../state/kernel";
import { levelOf } from "../../state/scope";
import type { Session } from "../../sync/session";
import type { Scope } from "../subgraphs/scope";

export interface Parts {
  readonly kernel: KernelStore;
  readonly client: ClientStore;
  readonly session: Session;
  readonly scope: Scope;
  readonly signal: AbortSignal;
}

/** What a person calls a node. */
export function nameOf(kernel: KernelStore, id: string): string {
  const { document, library } = kernel.getState();
  const node = document.nodes[id];
  return node === undefined ? id : titleOf(library, node);
}

/** The subgraph that is shown; null of the graph itself. */
export function shownIn(scope: Scope): string | null {
  return levelOf(scope.whole.kernel.getState().document, scope.store.getState().path).subgraph;
}
