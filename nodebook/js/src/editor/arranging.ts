/** What the Arrange commands do: places from graph/, sent as one step of undo each. */
import { type Axis, alignPlaces, distributePlaces, type Edge, type Placed, sameWidth } from "../graph/arrange";
import { autoLayout, type LayoutLink } from "../graph/autolayout";
import { count, moveOps, type Point } from "../graph/compose";
import { type GraphNode, own } from "../graph/document";
import type { Op } from "../graph/edits";
import { refitGroupOps } from "../graph/groups";
import { estimatePorts } from "../graph/layout";
import { NOTE_TYPE, portsOf } from "../graph/library";
import { boxesOf, portId } from "../state/flow";
import type { EditorContextValue } from "./context";
import { fitView } from "./fit";

/** The selected cards, or, where fewer than `least` are, none. */
export function selectedBoxes({ client }: EditorContextValue, least: number): Placed[] {
  const chosen = client.getState().nodes.filter((node) => node.selected);
  return chosen.length < least ? [] : placed(chosen);
}

function placed(nodes: Parameters<typeof boxesOf>[0]): Placed[] {
  return boxesOf(nodes).map((box, index) => ({ ...box, id: nodes[index]?.id ?? "" }));
}

export function align(editor: EditorContextValue, edge: Edge): void {
  send(editor, "Align", alignPlaces(selectedBoxes(editor, 2), edge));
}

export function distribute(editor: EditorContextValue, axis: Axis): void {
  send(editor, "Distribute", distributePlaces(selectedBoxes(editor, 3), axis));
}

export function makeSameWidth(editor: EditorContextValue): void {
  const boxes = selectedBoxes(editor, 2);
  const width = sameWidth(boxes);
  const ops = boxes
    .filter((box) => box.width !== width)
    .map(({ id }): Op => ({ op: "set_view", node: id, view: { width } }));
  editor.session.edit(`Make ${count(boxes.length, "node")} as wide as the widest`, ops);
}

/** The selection where at least two are selected, else the whole graph. */
export function layOut(editor: EditorContextValue): void {
  const { client, kernel } = editor;
  const { document } = kernel.getState();
  const selected = selectedBoxes(editor, 2);
  const boxes = selected.length > 0 ? selected : placed(client.getState().nodes);
  const isNote = ({ id }: Placed) => document.nodes[id]?.type === NOTE_TYPE;
  const cards = boxes.filter((box) => !isNote(box));
  const places = autoLayout({ cards, links: linksAmong(editor, cards) }, boxes.filter(isNote));
  send(editor, "Lay out", places, refitGroupOps(document, placed(client.getState().nodes), places));
  if (selected.length === 0) requestAnimationFrame(() => fitView(editor));
}

function linksAmong(editor: EditorContextValue, cards: readonly Placed[]): LayoutLink[] {
  const { document } = editor.kernel.getState();
  const ids = new Set(cards.map((card) => card.id));
  return cards.flatMap(({ id: target }) =>
    Object.entries(document.nodes[target]?.links ?? {})
      .filter(([, [source]]) => ids.has(source) && source !== target)
      .map(([input, [source, output]]) => ({
        source,
        target,
        sourceY: portHeight(editor, source, "out", output),
        targetY: portHeight(editor, target, "in", input),
      })),
  );
}

/** Middle of a port below its card's top: as measured, else as estimated. */
function portHeight({ flow, kernel }: EditorContextValue, id: string, side: "in" | "out", name: string): number {
  const bounds = flow.current?.getInternalNode(id)?.internals.handleBounds;
  const handle = (side === "out" ? bounds?.source : bounds?.target)?.find((one) => one.id === portId(side, name));
  if (handle !== undefined) return handle.y + handle.height / 2;
  const { document, library, used } = kernel.getState();
  const node = own(document.nodes, id) as GraphNode;
  const kind = side === "out" ? "source" : "target";
  const places = estimatePorts(node, portsOf(library, node, used.get(id) ?? []));
  return places.find((place) => place.kind === kind && place.name === name)?.y ?? 0;
}

function send(
  { kernel, session }: EditorContextValue,
  verb: string,
  places: ReadonlyMap<string, Point>,
  also: readonly Op[] = [],
): void {
  const ops = moveOps(kernel.getState().document, places);
  if (ops.length > 0) session.edit(`${verb} ${count(ops.length, "node")}`, [...ops, ...also]);
}

/** Fold the selection, or all cards where nothing is selected; unfold where all of them are folded. */
export function toggleCollapsed({ client, kernel, session }: EditorContextValue): void {
  const { document } = kernel.getState();
  const { nodes } = client.getState();
  const chosen = nodes.filter((node) => node.selected);
  const ids = (chosen.length > 0 ? chosen : nodes).map((node) => node.id);
  const isFolded = (id: string) => document.nodes[id]?.view?.collapsed === true;
  const fold = !ids.every(isFolded);
  const ops = ids
    .filter((id) => isFolded(id) !== fold)
    .map((id): Op => ({ op: "set_view", node: id, view: { collapsed: fold ? true : null } }));
  session.edit(`${fold ? "Collapse" : "Expand"} ${count(ops.length, "node")}`, ops);
}
