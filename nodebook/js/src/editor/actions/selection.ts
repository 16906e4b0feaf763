/** What is selected, and what goes or is copied with it. */
import { count, duplicateOps, type Point, toggleModeOps } from "../../graph/compose";
import type { Mode } from "../../graph/document";
import type { Op } from "../../graph/edits";
import { freeShift } from "../../graph/layout";
import { type ClientStore, selectedIds } from "../../state/client";
import { boxesOf, edgeId } from "../../state/flow";
import { nameOf, type Parts } from "./parts";
import { subgraphActions } from "./subgraphs";

const DUPLICATE_SHIFT: Point = { x: 32, y: 32 };
const MODE_VERBS: Readonly<Record<Mode, string>> = { mute: "Mute", bypass: "Bypass" };

export function select(client: ClientStore, ids: readonly string[]): void {
  const wanted = new Set(ids);
  client.setState((state) => ({
    nodes: state.nodes.map((node) =>
      (node.selected ?? false) === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) },
    ),
    edges: state.edges.map((edge) => (edge.selected ? { ...edge, selected: false } : edge)),
  }));
}

export function selectionActions(parts: Parts) {
  const { kernel, client, session } = parts;
  const { closing } = subgraphActions(parts);
  const name = (id: string) => nameOf(kernel, id);

  return {
    select: (ids: readonly string[]) => select(client, ids),

    selectAll: () =>
      select(
        client,
        client.getState().nodes.map((node) => node.id),
      ),

    /** Select the node before or after the selected one, in document order. */
    selectNext(step: 1 | -1) {
      const { nodes } = client.getState();
      const at = nodes.findIndex((node) => node.selected);
      const next = nodes[(at + step + nodes.length) % nodes.length] ?? nodes[0];
      if (next !== undefined) select(client, [next.id]);
      return next?.id;
    },

    removeSelection() {
      const state = client.getState();
      const { ids, ops: closed } = closing(selectedIds(state));
      const gone = new Set(ids);
      const chosen = new Set(state.edges.filter((edge) => edge.selected).map((edge) => edge.id));
      const ops: Op[] = [];
      for (const [node, { links }] of Object.entries(kernel.getState().document.nodes)) {
        for (const input of Object.keys(links ?? {})) {
          if (chosen.has(edgeId(node, input)) && !gone.has(node))
            ops.push({ op: "set_link", node, input, source: null });
        }
      }
      const linkCount = ops.length;
      ops.push(...closed, ...ids.map((id): Op => ({ op: "remove_node", id })));
      const what = ids.length > 0 ? count(ids.length, "node") : count(linkCount, "link");
      session.edit(ids.length === 1 ? `Remove ${name(ids[0] as string)}` : `Remove ${what}`, ops);
    },

    /** Returns the ids of the copies. They lie beside what is there, not on it. */
    duplicateSelection(): string[] {
      const { nodes } = client.getState();
      const chosen = nodes.filter((node) => node.selected);
      const ids = chosen.map((node) => node.id);
      if (ids.length === 0) return [];
      const places = new Map(chosen.map((node) => [node.id, node.position]));
      const shift = freeShift(boxesOf(nodes), boxesOf(chosen), DUPLICATE_SHIFT);
      const newIds = session.newIds(ids.length);
      session.edit(
        ids.length === 1 ? `Duplicate ${name(ids[0] as string)}` : `Duplicate ${count(ids.length, "node")}`,
        duplicateOps(kernel.getState().document, ids, newIds, shift, (id) => places.get(id)),
      );
      select(client, newIds);
      return newIds;
    },

    /** Mute or bypass the selection, or let it run where all of it is that already. */
    toggleMode(mode: Mode) {
      const ops = toggleModeOps(kernel.getState().document, selectedIds(client.getState()), mode);
      const first = ops[0];
      if (first?.op !== "set_mode") return;
      const verb = first.mode === null ? "Enable" : MODE_VERBS[mode];
      session.edit(`${verb} ${ops.length === 1 ? name(first.node) : count(ops.length, "node")}`, ops);
    },
  };
}
