import { useEffect } from "react";
import { orderedIds } from "../graph/document";
import { titleOf } from "../graph/library";
import { announce, type ClientStore, selectedIds } from "../state/client";
import type { KernelState, KernelStore } from "../state/kernel";
import { historyWords, runWords, selectionWords } from "../state/spoken";
import { useClient, useEditor } from "./context";

/** Selecting with keys passes over many nodes: only the one where it rests is said. */
const SELECTION_REST_MS = 150;

/** Tells screen readers what changed, without being seen. */
export function Announcer() {
  const { kernel, client } = useEditor();
  useEffect(() => watchKernel(kernel, client), [kernel, client]);
  useEffect(() => watchSelection(kernel, client), [kernel, client]);
  const { number, text } = useClient((state) => state.announced);
  return (
    <div className="nb-spoken" role="status" aria-live="polite" data-testid="nb-spoken">
      {/* Another element each time, so that the same words are said again. */}
      <span key={number}>{text}</span>
    </div>
  );
}

function watchKernel(kernel: KernelStore, client: ClientStore): () => void {
  return kernel.subscribe((now, before) => {
    if (!before.loaded) return;
    const words = [historyWords(before.history, now.history), runWords(before.run, now.run, () => failures(now))];
    const said = words.filter((one) => one !== null).join(". ");
    if (said !== "") announce(client, said);
  });
}

function failures({ statuses, document, library }: KernelState): string[] {
  return Object.entries(statuses)
    .filter(([id, status]) => status.state === "failed" && document.nodes[id] !== undefined)
    .map(([id, status]) => {
      const node = document.nodes[id];
      return `${node ? titleOf(library, node) : id}: ${status.error?.message ?? "no message"}`;
    });
}

function watchSelection(kernel: KernelStore, client: ClientStore): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = selectedIds(client.getState());
  let said = last;
  const say = () => {
    const shown = kernel.getState();
    const ids = selectedIds(client.getState());
    announce(client, selectionWords(shown, ids, orderedIds(shown.document), said));
    said = ids;
  };
  const stop = client.subscribe((now, before) => {
    if (now.nodes === before.nodes) return;
    const ids = selectedIds(now);
    if (ids.join("\n") === last.join("\n")) return;
    const gone = ids.length === 0 && last.every((id) => kernel.getState().document.nodes[id] === undefined);
    last = ids;
    clearTimeout(timer);
    // That a node was removed has been said.
    if (!gone) timer = setTimeout(say, SELECTION_REST_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
