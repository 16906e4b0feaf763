/** What every component of one view shares. */
import type { ReactFlowInstance } from "@xyflow/react";
import { createContext, useContext } from "react";
import { useStore } from "zustand";
import type { ClientState, ClientStore } from "../state/client";
import type { FlowEdge, FlowNode } from "../state/flow";
import type { KernelState, KernelStore } from "../state/kernel";
import type { PicturesState } from "../state/pictures";
import type { Turns } from "../state/turns";
import type { Session } from "../sync/session";
import type { Actions } from "./actions";
import type { Measures } from "./measures";
import type { Scope } from "./subgraphs/scope";

export interface EditorContextValue {
  readonly kernel: KernelStore;
  readonly client: ClientStore;
  readonly session: Session;
  /** Which graph is shown. `kernel` and `session` are of that one; `scope.whole` has those of the document. */
  readonly scope: Scope;
  readonly actions: Actions;
  /** The editor's root element: menus are placed inside it, never in the page's body. */
  readonly root: HTMLElement;
  readonly turns: Turns;
  readonly measures: Measures;
  /** Set once the canvas is there. */
  readonly flow: { current: ReactFlowInstance<FlowNode, FlowEdge> | null };
}

export const EditorContext = createContext<EditorContextValue | null>(null);

export function useEditor(): EditorContextValue {
  const context = useContext(EditorContext);
  if (context === null) throw new Error("This component must be inside an editor.");
  return context;
}

export function useKernel<T>(selector: (state: KernelState) => T): T {
  return useStore(useEditor().kernel, selector);
}

export function useClient<T>(selector: (state: ClientState) => T): T {
  return useStore(useEditor().client, selector);
}

export function usePictures<T>(selector: (state: PicturesState) => T): T {
  return useStore(useEditor().session.pictures.store, selector);
}
