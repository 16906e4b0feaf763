/** New nodes, their names and their values. */
import { newNode, type Point } from "../../graph/compose";
import { subgraphIdOf, type Value } from "../../graph/document";
import type { Op } from "../../graph/edits";
import { estimateSize, freePlace, nudgedPlace } from "../../graph/layout";
import { findType, NOTE_TYPE, portsOf } from "../../graph/library";
import { firstFittingInput, firstFittingOutput } from "../../graph/ports";
import { offeredStarters, starterOps } from "../../graph/starters";
import type { WireStart } from "../../state/client";
import { boxesOf } from "../../state/flow";
import { remembered } from "../../state/remembered";
import { connectOp } from "./links";
import { nameOf, type Parts } from "./parts";
import { select } from "./selection";
import { subgraphActions } from "./subgraphs";

export function nodeActions(parts: Parts) {
  const { kernel, client, session } = parts;
  const { namesSubgraph, renameSubgraph } = subgraphActions(parts);
  const name = (id: string) => nameOf(kernel, id);

  return {
    /** `anywhere`: nobody pointed at the place, so the card goes to a free one near it. */
    addNode(typeName: string, place: Point, wire: WireStart | null, anywhere = false): string | null {
      const { library } = kernel.getState();
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
      remembered.used(typeName);
      select(client, [id]);
      // A note is there to be written.
      if (typeName === NOTE_TYPE) client.setState({ editingNote: id });
      return id;
    },

    addStarter(index: number) {
      const { library } = kernel.getState();
      const starter = offeredStarters(library)[index];
      if (starter === undefined) return;
      const ids = session.newIds(starter.nodes.length);
      session.edit(starter.title, starterOps(library, starter, ids));
    },

    setValue(node: string, input: string, value: Value) {
      session.edit(`Set ${input} of ${name(node)}`, [{ op: "set_value", node, input, value }]);
    },

    unsetValue(node: string, input: string) {
      if (kernel.getState().document.nodes[node]?.values?.[input] === undefined) return;
      session.edit(`Reset ${input} of ${name(node)}`, [{ op: "unset_value", node, input }]);
    },

    rename(node: string, title: string) {
      client.setState({ renaming: null });
      const { document, library } = kernel.getState();
      const typeTitle = findType(library, document.nodes[node]?.type ?? "")?.title;
      if (namesSubgraph(node)) return renameSubgraph(subgraphIdOf(document.nodes[node]?.type ?? "") ?? "", title);
      const given = title.trim() === "" || title.trim() === typeTitle ? null : title.trim();
      if ((document.nodes[node]?.title ?? null) === given) return;
      session.edit(`Rename ${name(node)}`, [{ op: "set_title", node, title: given }]);
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
