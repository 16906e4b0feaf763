import { literalOf, portsOf, titleOf } from "../graph/library";
import { portRows, togglePortRowOp } from "../graph/portRows";
import { boundTo } from "../graph/variables";
import { openPicker } from "../state/picker";
import type { EditorContextValue } from "./context";

/** Ask which of a node's inputs with a control is to be a plain port, or is to have its control again. */
export function pickPortRows({ client, kernel, session }: EditorContextValue, id: string): void {
  const { document, library } = kernel.getState();
  const node = document.nodes[id];
  if (node === undefined) return;
  const title = titleOf(library, node);
  const inputs = portsOf(library, node, []).inputs.filter((input) => input.widget !== null);
  const ports = portRows(node);
  openPicker(client, {
    title: `Inputs of ${title} shown as ports`,
    options: inputs.map((input) => ({
      id: input.name,
      title: input.name,
      detail: ports.includes(input.name)
        ? "port"
        : `control, ${boundTo(node, input.name) ?? String(literalOf(node, input) ?? "empty")}`,
      checked: ports.includes(input.name),
    })),
    empty: "This node has no inputs with a control.",
    onChoose(input) {
      const words = ports.includes(input) ? "with its control" : "as a port";
      session.edit(`Show ${input} of ${title} ${words}`, [togglePortRowOp(id, node, input)]);
    },
  });
}
