/** How texts stand on cards. */
import { textHeightOf, textHeightOp } from "../../graph/heights";
import { nameOf, type Parts } from "./parts";

export function textActions({ kernel, session }: Parts) {
  return {
    /** `null`: the usual height. */
    setTextHeight(id: string, input: string, height: number | null) {
      const node = kernel.getState().document.nodes[id];
      if (node === undefined || textHeightOf(node, input) === height) return;
      session.edit(`Resize ${input} of ${nameOf(kernel, id)}`, [textHeightOp(id, node, input, height)]);
    },
  };
}
