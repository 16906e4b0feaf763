/** What goes in and out of the subgraph that is shown. */
import { type Exposed, exposeOps, movePortOps, removePortOps, renamePortOps, type Side } from "../../graph/boundary";
import type { Op } from "../../graph/edits";
import { isBoundary, NEW_PORT } from "../../graph/interfaces";
import { findType } from "../../graph/library";
import type { Connection } from "../../graph/ports";
import { outputTypeOf } from "../../graph/reroutes";
import { nameOf, type Parts, shownIn } from "./parts";

export function portActions({ kernel, session, scope }: Parts) {
  const whole = () => scope.whole.kernel.getState().document;
  const shown = () => shownIn(scope);

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
