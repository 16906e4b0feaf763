import type { Point } from "../graph/compose";
import { selectedIds } from "../state/client";
import type { EditorContextValue } from "./context";
import { canvasOf, focused, nodeOfElement } from "./focus";

const BELOW_HEADER_PX = 32;
const INSET_PX = 16;

/** Where a menu that a key asked for opens: at the card or row that has the keyboard, else at the selected card. */
export function menuPlace({ client, root }: EditorContextValue): Point {
  const here = focused(root);
  const row = here?.closest<HTMLElement>("[data-list-node]") ?? null;
  const id = nodeOfElement(here) ?? selectedIds(client.getState())[0];
  const card = id === undefined ? null : root.querySelector(`[data-node-id="${CSS.escape(id)}"] .nb-header`);
  const frame = root.getBoundingClientRect();
  const stage = (canvasOf(root) ?? root).getBoundingClientRect();
  const box = (row ?? card)?.getBoundingClientRect();
  if (box === undefined || box.width === 0) {
    return { x: stage.left + stage.width / 2 - frame.left, y: stage.top + stage.height / 3 - frame.top };
  }
  return { x: box.left + INSET_PX - frame.left, y: Math.min(box.bottom, box.top + BELOW_HEADER_PX) - frame.top };
}
