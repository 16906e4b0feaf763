/** Everything a user can do to the graph, as one batch of operations each. */
import { count, duplicateOps, moveOps, newNode, type Point, toggleModeOps } from "../graph/compose";
import type { Mode, Value } from "../graph/document";
import type { Op } from "../graph/edits";
import { estimateSize, freePlace, freeShift, nudgedPlace } from "../graph/layout";
import { findType, portsOf, titleOf } from "../graph/library";
import { type Connection, firstFittingInput, firstFittingOutput, whyNotConnect } from "../graph/ports";
import { offeredStarters, starterOps } from "../graph/starters";
import { bindCancelling } from "../state/cancelling";
import { type ClientStore, pushNotice, selectedIds, type WireStart } from "../state/client";
import { boxesOf, edgeId } from "../state/flow";
import type { KernelStore } from "../state/kernel";
import type { Session } from "../sync/session";

const DUPLICATE_SHIFT: Point = { x: 32, y: 32 };
const NUDGE_COMMIT_MS = 400;
const MODE_VERBS: Readonly<Record<Mode, string>> = { mute: "Mute", bypass: "Bypass" };

export type Actions = ReturnType<typeof createActions>;

interface Parts {
  readonly kernel: KernelStore;
  readonly client: ClientStore;
  readonly session: Session;
  readonly signal: AbortSignal;
}

export function createActions({ kernel, client, session, signal }: Parts) {
  const graph = () => kernel.getState();
  const name = (id: string) => {
    const node = graph().document.nodes[id];
    return node === undefined ? id : titleOf(graph().library, node);
  };

  const select = (ids: readonly string[]) => {
    const wanted = new Set(ids);
    client.setState((state) => ({
      nodes: state.nodes.map((node) =>
        (node.selected ?? false) === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) },
      ),
      edges: state.edges.map((edge) => (edge.selected ? { ...edge, selected: false } : edge)),
    }));
  };

  const onCancel = bindCancelling(kernel, client, signal);

  const commitMove = () => {
    const moved = new Map(client.getState().nodes.map((node) => [node.id, node.position]));
    const { document } = graph();
    const placed = new Map([...moved].filter(([id]) => document.nodes[id]?.view?.x !== undefined || isSelected(id)));
    const ops = moveOps(document, placed);
    const first = ops[0];
    if (first?.op !== "set_view") return;
    session.edit(ops.length === 1 ? `Move ${name(first.node)}` : `Move ${count(ops.length, "node")}`, ops);
  };
  const isSelected = (id: string) => client.getState().nodes.some((node) => node.id === id && node.selected);

  let nudgeTimer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(nudgeTimer), { once: true });

  const connectOp = (link: Connection): Op => ({
    op: "set_link",
    node: link.target,
    input: link.input,
    source: [link.source, link.output],
  });

  return {
    select,
    commitMove,

    cancel() {
      onCancel();
      session.cancel();
    },

    selectAll: () => select(client.getState().nodes.map((node) => node.id)),

    /** Select the node before or after the selected one, in document order. */
    selectNext(step: 1 | -1) {
      const { nodes } = client.getState();
      const at = nodes.findIndex((node) => node.selected);
      const next = nodes[(at + step + nodes.length) % nodes.length] ?? nodes[0];
      if (next !== undefined) select([next.id]);
      return next?.id;
    },

    /** Move the selection on screen at once; it is sent when the keys have rested. */
    nudge(by: Point) {
      client.setState((state) => ({
        nodes: state.nodes.map((node) =>
          node.selected ? { ...node, position: { x: node.position.x + by.x, y: node.position.y + by.y } } : node,
        ),
      }));
      clearTimeout(nudgeTimer);
      nudgeTimer = setTimeout(commitMove, NUDGE_COMMIT_MS);
    },

    /** `anywhere`: nobody pointed at the place, so the card goes to a free one near it. */
    addNode(typeName: string, place: Point, wire: WireStart | null, anywhere = false): string | null {
      const { library } = graph();
      const type = findType(library, typeName);
      if (type === undefined) return null;
      const [id] = session.newIds(1) as [string];
      const boxes = boxesOf(client.getState().nodes);
      const draft = newNode(type, place);
      const at = anywhere
        ? freePlace(boxes, place, estimateSize(draft, portsOf(library, draft, [])))
        : nudgedPlace(boxes, place);
      const ops: Op[] = [{ op: "add_node", id, node: newNode(type, at) }];
      if (wire?.side === "source") {
        const input = firstFittingInput(type, wire.type, library.adapters);
        if (input) ops.push(connectOp({ source: wire.node, output: wire.port, target: id, input }));
      } else if (wire?.side === "target") {
        const output = firstFittingOutput(type, wire.type, library.adapters);
        if (output) ops.push(connectOp({ source: id, output, target: wire.node, input: wire.port }));
      }
      session.edit(`Add ${type.title}`, ops);
      select([id]);
      return id;
    },

    addStarter(index: number) {
      const { library } = graph();
      const starter = offeredStarters(library)[index];
      if (starter === undefined) return;
      const ids = session.newIds(starter.nodes.length);
      session.edit(starter.title, starterOps(library, starter, ids));
    },

    connect(link: Connection): void {
      const { document, library } = graph();
      const reason = whyNotConnect(document, library, link);
      if (reason !== null) return pushNotice(client, "warning", reason);
      const old = document.nodes[link.target]?.links?.[link.input];
      if (old?.[0] === link.source && old[1] === link.output) return;
      session.edit(`Connect ${name(link.source)} to ${name(link.target)}`, [connectOp(link)]);
    },

    disconnect(node: string, input: string) {
      session.edit(`Disconnect ${input} of ${name(node)}`, [{ op: "set_link", node, input, source: null }]);
    },

    /** Take a link from one input to another as one step. */
    reconnect(old: { node: string; input: string }, link: Connection) {
      if (old.node === link.target && old.input === link.input) return;
      session.edit(`Connect ${name(link.source)} to ${name(link.target)}`, [
        { op: "set_link", node: old.node, input: old.input, source: null },
        connectOp(link),
      ]);
    },

    removeSelection() {
      const state = client.getState();
      const ids = selectedIds(state);
      const gone = new Set(ids);
      const chosen = new Set(state.edges.filter((edge) => edge.selected).map((edge) => edge.id));
      const ops: Op[] = [];
      for (const [node, { links }] of Object.entries(graph().document.nodes)) {
        for (const input of Object.keys(links ?? {})) {
          if (chosen.has(edgeId(node, input)) && !gone.has(node))
            ops.push({ op: "set_link", node, input, source: null });
        }
      }
      const linkCount = ops.length;
      ops.push(...ids.map((id): Op => ({ op: "remove_node", id })));
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
        duplicateOps(graph().document, ids, newIds, shift, (id) => places.get(id)),
      );
      select(newIds);
      return newIds;
    },

    /** Mute or bypass the selection, or let it run where all of it is that already. */
    toggleMode(mode: Mode) {
      const ops = toggleModeOps(graph().document, selectedIds(client.getState()), mode);
      const first = ops[0];
      if (first?.op !== "set_mode") return;
      const verb = first.mode === null ? "Enable" : MODE_VERBS[mode];
      session.edit(`${verb} ${ops.length === 1 ? name(first.node) : count(ops.length, "node")}`, ops);
    },

    setValue(node: string, input: string, value: Value) {
      session.edit(`Set ${input} of ${name(node)}`, [{ op: "set_value", node, input, value }]);
    },

    unsetValue(node: string, input: string) {
      if (graph().document.nodes[node]?.values?.[input] === undefined) return;
      session.edit(`Reset ${input} of ${name(node)}`, [{ op: "unset_value", node, input }]);
    },

    rename(node: string, title: string) {
      client.setState({ renaming: null });
      const { document, library } = graph();
      const typeTitle = findType(library, document.nodes[node]?.type ?? "")?.title;
      const given = title.trim() === "" || title.trim() === typeTitle ? null : title.trim();
      if ((document.nodes[node]?.title ?? null) === given) return;
      session.edit(`Rename ${name(node)}`, [{ op: "set_title", node, title: given }]);
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

    async upload(node: string, input: string, file: File) {
      const key = `${node}/${input}`;
      client.setState((state) => ({ uploading: new Set(state.uploading).add(key) }));
      const bytes = await file.arrayBuffer();
      await session.upload(node, input, file.name, bytes);
      client.setState((state) => {
        const uploading = new Set(state.uploading);
        uploading.delete(key);
        return { uploading };
      });
    },
  };
}
