/** What the next run does with seeds. */
import { type SeedMode, seedModeOf, seedModeOp } from "../../graph/seeds";
import { nameOf, type Parts } from "./parts";

export function seedActions({ kernel, session }: Parts) {
  return {
    setSeedMode(id: string, input: string, mode: SeedMode) {
      const node = kernel.getState().document.nodes[id];
      if (node === undefined || seedModeOf(node, input) === mode) return;
      session.edit(`Vary ${input} of ${nameOf(kernel, id)}`, [seedModeOp(id, node, input, mode)]);
    },
  };
}
