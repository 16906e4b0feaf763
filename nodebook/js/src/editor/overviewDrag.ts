/** From far away, where cards are drawn and not in the page, a node is dragged like a card. */
import type { Point } from "../graph/compose";
import type { EditorContextValue } from "./context";
import { nodeAt } from "./drawOverview";

const STILL_PX = 3;

/** Listen on `stage`, before React Flow, which would move the view instead. */
export function installOverviewDrag(editor: EditorContextValue, stage: HTMLElement, signal: AbortSignal): void {
  stage.addEventListener("mousedown", (event) => begin(event, editor, stage, signal), { capture: true, signal });
}

function begin(event: MouseEvent, editor: EditorContextValue, stage: HTMLElement, signal: AbortSignal): void {
  const { client, actions, flow } = editor;
  if (event.button !== 0 || event.shiftKey || event.ctrlKey || event.metaKey) return;
  const start = flow.current?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
  const id = start && nodeAt(client.getState().nodes, start);
  if (start === undefined || id === undefined || id === null) return;
  event.stopPropagation();
  if (!client.getState().nodes.some((node) => node.id === id && node.selected)) actions.select([id]);
  const places = new Map(client.getState().nodes.flatMap((node) => (node.selected ? [[node.id, node.position]] : [])));
  const end = new AbortController();
  const options = { capture: true, signal: AbortSignal.any([signal, end.signal]) };
  let moved = false;
  const view = stage.ownerDocument.defaultView ?? window;
  view.addEventListener(
    "mousemove",
    (move) => {
      moved ||= Math.hypot(move.clientX - event.clientX, move.clientY - event.clientY) > STILL_PX;
      const now = flow.current?.screenToFlowPosition({ x: move.clientX, y: move.clientY });
      if (moved && now !== undefined) shift(editor, places, { x: now.x - start.x, y: now.y - start.y });
    },
    options,
  );
  view.addEventListener(
    "mouseup",
    () => {
      end.abort();
      if (!moved) return;
      drop(editor, places);
      swallowClick(stage, signal);
    },
    options,
  );
}

function shift({ client }: EditorContextValue, places: ReadonlyMap<string, Point>, by: Point): void {
  client.setState(({ nodes }) => ({
    nodes: nodes.map((node) => {
      const from = places.get(node.id);
      return from === undefined ? node : { ...node, dragging: true, position: { x: from.x + by.x, y: from.y + by.y } };
    }),
  }));
}

function drop({ client, actions }: EditorContextValue, places: ReadonlyMap<string, Point>): void {
  client.setState(({ nodes }) => ({
    nodes: nodes.map((node) => (places.has(node.id) ? { ...node, dragging: false } : node)),
  }));
  actions.commitMove();
}

/** The click that ends a drag selects nothing. */
function swallowClick(stage: HTMLElement, signal: AbortSignal): void {
  const end = new AbortController();
  const options = { capture: true, once: true, signal: AbortSignal.any([signal, end.signal]) };
  stage.addEventListener("click", (click) => click.stopPropagation(), options);
  setTimeout(() => end.abort());
}
