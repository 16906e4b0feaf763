/** Where cards are and how large. */
import { count, moveOps, type Point } from "../../graph/compose";
import type { Value } from "../../graph/document";
import type { Op } from "../../graph/edits";
import { nameOf, type Parts } from "./parts";

const NUDGE_COMMIT_MS = 400;

export function moveActions({ kernel, client, session, signal }: Parts) {
  const name = (id: string) => nameOf(kernel, id);
  const isSelected = (id: string) => client.getState().nodes.some((node) => node.id === id && node.selected);

  /** `more`: what happens with the move, as one step; `label` says it then. */
  const commitMove = (more?: { readonly label: string; readonly ops: readonly Op[] }) => {
    const moved = new Map(client.getState().nodes.map((node) => [node.id, node.position]));
    const { document } = kernel.getState();
    const placed = new Map([...moved].filter(([id]) => document.nodes[id]?.view?.x !== undefined || isSelected(id)));
    const ops = moveOps(document, placed);
    if (more !== undefined) return session.edit(more.label, [...ops, ...more.ops]);
    const first = ops[0];
    if (first?.op !== "set_view") return;
    session.edit(ops.length === 1 ? `Move ${name(first.node)}` : `Move ${count(ops.length, "node")}`, ops);
  };

  let nudgeTimer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(nudgeTimer), { once: true });

  return {
    commitMove,

    /** Move the selection on screen at once; it is sent when the keys have rested. */
    nudge(by: Point) {
      client.setState((state) => ({
        nodes: state.nodes.map((node) =>
          node.selected ? { ...node, position: { x: node.position.x + by.x, y: node.position.y + by.y } } : node,
        ),
      }));
      clearTimeout(nudgeTimer);
      nudgeTimer = setTimeout(commitMove, NUDGE_COMMIT_MS, undefined);
    },

    collapse(node: string, collapsed: boolean) {
      const view = { collapsed: collapsed ? true : null };
      session.edit(`${collapsed ? "Collapse" : "Expand"} ${name(node)}`, [{ op: "set_view", node, view }]);
    },

    resize(node: string, size: { width: number; height?: number }) {
      const view: Record<string, Value> = { width: Math.round(size.width) };
      if (size.height !== undefined) view.height = Math.round(size.height);
      session.edit(`Resize ${name(node)}`, [{ op: "set_view", node, view }]);
    },
  };
}
