import { count } from "../graph/compose";
import type { Op } from "../graph/edits";
import { hexOf, parseHex } from "../graph/hex";
import { cssColor, NODE_COLORS } from "../graph/nodeColors";
import { selectedIds } from "../state/client";
import { openPicker, type PickerOption } from "../state/picker";
import type { EditorContextValue } from "./context";

const NONE = "none";

/** Ask for the colour of the selected cards: one of the palette, one typed as `#rrggbb`, or none. */
export function pickColor(editor: EditorContextValue): void {
  const { client, kernel } = editor;
  const ids = selectedIds(client.getState());
  const current = kernel.getState().document.nodes[ids[0] ?? ""]?.view?.color;
  const palette = NODE_COLORS.map(
    (name): PickerOption => ({
      id: name,
      title: name.charAt(0).toUpperCase() + name.slice(1),
      swatch: cssColor(name) as string,
      checked: current === name,
    }),
  );
  const own: PickerOption[] =
    typeof current === "string" && parseHex(current) !== null ? [{ ...hexOption(current), checked: true }] : [];
  openPicker(client, {
    title: "Colour: choose one, or type #rrggbb",
    options: [{ id: NONE, title: "No colour", checked: current === undefined }, ...palette, ...own],
    empty: "",
    typed: (text) => (parseHex(text) === null ? null : hexOption(text)),
    onChoose: (id) => setColor(editor, ids, id === NONE ? null : id),
  });
}

function hexOption(text: string): PickerOption {
  const hex = hexOf(text);
  return { id: hex, title: hex, swatch: hex };
}

function setColor({ kernel, session }: EditorContextValue, ids: readonly string[], color: string | null): void {
  const { nodes } = kernel.getState().document;
  const ops = ids
    .filter((id) => nodes[id] !== undefined && (nodes[id]?.view?.color ?? null) !== color)
    .map((node): Op => ({ op: "set_view", node, view: { color } }));
  session.edit(`Colour ${count(ops.length, "node")}`, ops);
}
