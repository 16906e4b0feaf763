/** Subgraphs and dots on wires: made, named and taken apart. */
import { instancesOf } from "../../graph/boundary";
import { count, type Point } from "../../graph/compose";
import { subgraphIdOf } from "../../graph/document";
import type { Op } from "../../graph/edits";
import { isBoundary } from "../../graph/interfaces";
import { CARD_WIDTH, freePlace, HEADER_HEIGHT, ROW_HEIGHT } from "../../graph/layout";
import type { Connection } from "../../graph/ports";
import { rerouteOps, withoutReroutes } from "../../graph/reroutes";
import {
  definitionOf,
  detachOps,
  freeName,
  makeSubgraphOps,
  type NewSubgraph,
  unpackedIds,
  unpackOps,
  unusedSubgraphs,
} from "../../graph/subgraphs";
import { pushNotice, selectedIds } from "../../state/client";
import { boxesOf } from "../../state/flow";
import { nameOf, type Parts, shownIn } from "./parts";
import { select } from "./selection";

export function subgraphActions({ kernel, client, session, scope }: Parts) {
  const whole = () => scope.whole.kernel.getState().document;

  const titles = () => Object.values(whole().subgraphs ?? {}).map((subgraph) => ({ name: subgraph.name ?? "" }));

  return {
    makeSubgraph(): void {
      const { document, library } = kernel.getState();
      const { nodes } = client.getState();
      const ids = selectedIds(client.getState()).filter((id) => !isBoundary(document.nodes[id]?.type ?? ""));
      if (ids.length === 0) return;
      const places = new Map(nodes.map((node) => [node.id, node.position]));
      const [instance, inputs, outputs] = session.newIds(3) as [string, string, string];
      const name = freeName("Subgraph", titles(), " ");
      const others = boxesOf(nodes.filter((node) => !ids.includes(node.id)));
      const made: NewSubgraph = {
        id: newSubgraphId(),
        name,
        ids: [instance, inputs, outputs],
        placeOf: (id) => places.get(id),
        placeNear: (wanted, rows) =>
          freePlace(others, wanted, { width: CARD_WIDTH, height: HEADER_HEIGHT + (rows + 1) * ROW_HEIGHT }),
      };
      const ops = makeSubgraphOps(document, library, ids, made);
      if (ops.length === 0) return pushNotice(client, "info", "Named inputs stay in the graph: choose other nodes.");
      session.edit(`Make a subgraph of ${count(ids.length, "node")}`, ops);
      select(client, [instance]);
      client.setState({ renaming: instance });
    },

    /** Take the selected instances apart. */
    unpack(): void {
      const { document } = kernel.getState();
      const instances = selectedIds(client.getState()).filter((id) => isInstance(document.nodes[id]?.type));
      const ops: Op[] = [];
      const made: string[] = [];
      for (const instance of instances) {
        const ids = session.newIds(unpackedIds(document, instance).length);
        ops.push(...unpackOps(document, instance, ids));
        made.push(...ids);
      }
      const [first] = instances;
      if (first === undefined) return;
      session.edit(`Unpack ${instances.length === 1 ? nameOf(kernel, first) : count(instances.length, "node")}`, ops);
      select(client, made);
    },

    /** Give the selected instance a subgraph of its own. */
    detach(instance: string): void {
      const { document } = kernel.getState();
      const name = freeName(definitionOf(document, instance)?.name ?? "Subgraph", titles(), " ");
      session.edit(`Make ${name}`, detachOps(document, instance, newSubgraphId(), name));
      select(client, [instance]);
    },

    /** Remove the definitions that no node leads to. */
    removeUnused(): void {
      const unused = unusedSubgraphs(whole());
      const ops = unused.map((id): Op => ({ op: "remove_subgraph", id }));
      scope.whole.session.edit(`Remove ${count(unused.length, "unused subgraph")}`, ops);
      pushNotice(client, "info", `Removed ${count(unused.length, "unused subgraph")}.`);
    },

    /** Whether a node is called as its subgraph is, and the only one: then the name of the subgraph is meant. */
    namesSubgraph(node: string): boolean {
      const { document } = kernel.getState();
      const subgraph = subgraphIdOf(document.nodes[node]?.type ?? "");
      if (subgraph === null || document.nodes[node]?.title !== undefined) return false;
      return instancesOf(whole(), subgraph).length === 1;
    },

    /** The name of a subgraph, wherever it is used. */
    renameSubgraph(id: string, name: string): void {
      const given = name.trim();
      if (given === "" || given === whole().subgraphs?.[id]?.name) return;
      scope.whole.session.edit(`Rename the subgraph to ${given}`, [
        { op: "set_subgraph", id, members: { name: given } },
      ]);
    },

    /** Put a dot on a wire, and select it. */
    addReroute(wire: Connection, at: Point): void {
      const [id] = session.newIds(1) as [string];
      session.edit("Put a dot on a wire", rerouteOps(kernel.getState().document, wire, id, at));
      select(client, [id]);
    },

    /** What goes with nodes that are removed, so that wires close over dots; and which of them may go at all. */
    closing(ids: readonly string[]): { readonly ids: string[]; readonly ops: Op[] } {
      const { document } = kernel.getState();
      const kept = shownIn(scope) === null ? [] : ids.filter((id) => isBoundary(document.nodes[id]?.type ?? ""));
      if (kept.length > 0) pushNotice(client, "info", "The inputs and outputs of a subgraph stay. Remove single ones.");
      const going = ids.filter((id) => !kept.includes(id));
      return { ids: going, ops: withoutReroutes(document, going) };
    },
  };
}

export function isInstance(type: string | undefined): boolean {
  return type !== undefined && subgraphIdOf(type) !== null;
}

/** Two views may make one at a time, so that the id is drawn. */
export function newSubgraphId(): string {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return Array.from(words, (word) => word.toString(36))
    .join("")
    .slice(0, 10);
}
