/** The height of the editor in its cell, which the document remembers. */
import type { GraphDocument } from "../../graph/document";
import type { EditorContextValue } from "../context";
import { isInOwnTab } from "./ownTab";

const LOWEST_PX = 240;
const HIGHEST_PX = 2000;

export function fittingHeight(height: number): number {
  return Math.round(Math.min(HIGHEST_PX, Math.max(LOWEST_PX, height)));
}

function rememberedHeight(document: GraphDocument): number | null {
  const height = document.view?.height;
  return typeof height === "number" && Number.isFinite(height) ? fittingHeight(height) : null;
}

/** Take on the height that the document has, now and when it changes: by undo, by code, in another view. */
export function followHeight({ kernel, root }: Pick<EditorContextValue, "kernel" | "root">, signal: AbortSignal) {
  const take = (height: number | null) => {
    if (!isInOwnTab(root)) root.style.height = height === null ? "" : `${height}px`;
  };
  take(rememberedHeight(kernel.getState().document));
  const stop = kernel.subscribe(({ document }, before) => {
    const height = rememberedHeight(document);
    if (height !== rememberedHeight(before.document)) take(height);
  });
  signal.addEventListener("abort", stop, { once: true });
}

export function rememberHeight({ kernel, session, root }: EditorContextValue): void {
  const height = fittingHeight(root.getBoundingClientRect().height);
  if (height === rememberedHeight(kernel.getState().document)) return;
  session.edit("Change the height of the editor", [{ op: "set_document_view", view: { height } }]);
}
