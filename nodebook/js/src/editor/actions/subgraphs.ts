/** Subgraphs and dots on wires: made, taken apart, and what goes in and out of them. */
import {
  type Exposed,
  exposeOps,
  instancesOf,
  movePortOps,
  removePortOps,
  renamePortOps,
  type Side,
} from "../../graph/boundary";
import { count, type Point } from "../../graph/compose";
import { subgraphIdOf } from "../../graph/document";
import type { Op } from "../../graph/edits";
import { isBoundary, NEW_PORT } from "../../graph/interfaces";
import { CARD_WIDTH, freePlace, HEADER_HEIGHT, ROW_HEIGHT } from "../../graph/layout";
import { findType } from "../../graph/library";
import type { Connection } from "../../graph/ports";
import { outputTypeOf, rerouteOps, withoutReroutes } from "../../graph/reroutes";
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
import { levelOf } from "../../state/scope";
import { nameOf, type Parts } from "./parts";
import { select } from "./selection";

export function subgraphActions({ kernel, client, session, scope }: Parts) {
  const whole = () => scope.whole.kernel.getState().document;
  const shown = () => levelOf(whole(), scope.store.getState().path).subgraph;

  const titles = () => Object.values(whole().subgraphs ?? {}).map((subgraph) => ({ name: subgraph.name ?? "" }));

  /** Change what goes in or out of the subgraph that is shown, here and at all of its instances. */
  const change = (label: string, ops: (subgraph: string) => readonly Op[]): void => {
    const subgraph = shown();
    if (subgraph !== null) scope.whole.session.edit(label, ops(subgraph));
  };

  /** What becomes an input or output where a link leads to the place for a new one; null where it does not. */
  const exposed = (link: Connection): { side: Side; what: Exposed } | null => {
    const { document, library } = kernel.getState();
    if (link.output === NEW_PORT && isBoundary(document.nodes[link.source]?.type ?? "")) {
      const type = findType(library, document.nodes[link.target]?.type ?? "");
      const input = type?.inputs.find((port) => port.name === link.input);
      return { side: "inputs", what: { node: link.target, port: link.input, type: input?.type ?? "*" } };
    }
    if (link.input === NEW_PORT && isBoundary(document.nodes[link.target]?.type ?? "")) {
      const type = outputTypeOf(document, library, [link.source, link.output]);
      return { side: "outputs", what: { node: link.source, port: link.output, type } };
    }
    return null;
  };

  const expose = (side: Side, what: Exposed, before: readonly Op[] = []): void => {
    const subgraph = shown();
    if (subgraph === null) return;
    const { name, ops } = exposeOps(whole(), subgraph, side, what);
    session.edit(`Expose ${name} of ${nameOf(kernel, what.node)}`, [...before, ...ops]);
  };

  return {
    expose,

    /** Whether a link led to the place for a new input or output, which it made then. `before` happens with it. */
    exposeByLink(link: Connection, before: readonly Op[] = []): boolean {
      const found = exposed(link);
      if (found !== null) expose(found.side, found.what, before);
      return found !== null;
    },

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

    renamePort(side: Side, old: string, name: string): void {
      change(`Rename ${old} to ${name.trim()}`, (id) => renamePortOps(whole(), id, side, old, name));
    },

    removePort(side: Side, name: string): void {
      change(`Remove ${side === "inputs" ? "input" : "output"} ${name}`, (id) =>
        removePortOps(whole(), id, side, name),
      );
    },

    movePort(side: Side, name: string, by: -1 | 1): void {
      change(`Move ${name} ${by < 0 ? "up" : "down"}`, (id) => movePortOps(whole(), id, side, name, by));
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
      const kept = shown() === null ? [] : ids.filter((id) => isBoundary(document.nodes[id]?.type ?? ""));
      if (kept.length > 0) pushNotice(client, "info", "The inputs and outputs of a subgraph stay. Remove single ones.");
      const going = ids.filter((id) => !kept.includes(id));
      return { ids: going, ops: withoutReroutes(document, going) };
    },

    /** Inputs of a node that may be exposed: those that nothing is linked to. */
    exposable(id: string): { name: string; type: string }[] {
      const { document, library } = kernel.getState();
      const node = document.nodes[id];
      if (shown() === null || node === undefined || isBoundary(node.type)) return [];
      const linked = (name: string) => node.links !== undefined && Object.hasOwn(node.links, name);
      return (findType(library, node.type)?.inputs ?? []).filter((input) => !linked(input.name));
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
