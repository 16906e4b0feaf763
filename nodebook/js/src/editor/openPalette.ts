import type { Point } from "../graph/compose";
import type { WireStart } from "../state/client";
import type { EditorContextValue } from "./context";
import { paletteWidth } from "./find/paletteSize";

const TOP_PX = 56;

/**
 * Open the palette at a point of the page, or, without one, at the top with the node going to a free place near the
 * middle. `query`: what is typed already; `wire`: the port that the new node is connected with.
 */
export function openPalette(
  { client, flow, root }: EditorContextValue,
  at: Point | null,
  { query = "", wire = null }: { readonly query?: string; readonly wire?: WireStart | null } = {},
): void {
  const box = root.getBoundingClientRect();
  const middle = { x: box.left + box.width / 2 - 120, y: box.top + box.height / 2 - 60 };
  const place = flow.current?.screenToFlowPosition(at ?? middle) ?? { x: 0, y: 0 };
  const corner = at
    ? { x: at.x - box.left, y: at.y - box.top }
    : { x: (box.width - paletteWidth(box.width)) / 2, y: TOP_PX };
  client.setState({ palette: { at: corner, place, anywhere: at === null, wire, query } });
}

/** Open the palette beside a card with what can take its place. */
export function openReplacements({ client, root }: EditorContextValue, id: string): void {
  const box = root.getBoundingClientRect();
  const card = root.querySelector(`[data-node-id="${CSS.escape(id)}"]`)?.getBoundingClientRect();
  const at = card
    ? { x: card.left - box.left + 24, y: card.top - box.top + 36 }
    : { x: (box.width - paletteWidth(box.width)) / 2, y: TOP_PX };
  client.setState({ palette: { at, place: { x: 0, y: 0 }, anywhere: false, wire: null, replace: id } });
}
