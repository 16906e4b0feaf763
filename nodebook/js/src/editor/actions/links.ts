/** Links between nodes. */
import type { Op } from "../../graph/edits";
import { type Connection, whyNotConnect } from "../../graph/ports";
import { pushNotice } from "../../state/client";
import { nameOf, type Parts } from "./parts";
import { portActions } from "./ports";

export function connectOp(link: Connection): Op {
  return { op: "set_link", node: link.target, input: link.input, source: [link.source, link.output] };
}

export function linkActions(parts: Parts) {
  const { kernel, client, session } = parts;
  const { exposeByLink } = portActions(parts);
  const name = (id: string) => nameOf(kernel, id);

  return {
    connect(link: Connection): void {
      if (exposeByLink(link)) return;
      const { document, library } = kernel.getState();
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
      const off: Op = { op: "set_link", node: old.node, input: old.input, source: null };
      if (exposeByLink(link, [off])) return;
      session.edit(`Connect ${name(link.source)} to ${name(link.target)}`, [off, connectOp(link)]);
    },
  };
}
