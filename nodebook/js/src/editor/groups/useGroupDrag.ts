/** Dragging a group moves what lies in it; dragging its corner changes its size. Nothing is sent before the drop. */
import { type PointerEvent, useMemo, useRef, useState } from "react";
import type { Point } from "../../graph/compose";
import type { Group } from "../../graph/document";
import { groupBox, inside, orderedGroups, SMALLEST_GROUP } from "../../graph/groups";
import type { Box } from "../../graph/layout";
import { boxesOf } from "../../state/flow";
import { type EditorContextValue, useEditor } from "../context";

const START_PX = 3;

interface Drag {
  readonly from: Point;
  readonly groups: readonly string[];
  readonly places: ReadonlyMap<string, Point>;
  started: boolean;
  by: Point;
}

export function useGroupDrag(id: string, group: Group, onMove: (ids: readonly string[] | null, by: Point) => void) {
  const editor = useEditor();
  const drag = useRef<Drag | null>(null);
  const latest = useRef({ group, onMove });
  latest.current = { group, onMove };
  return useMemo(() => {
    const end = (event: PointerEvent, keep: boolean) => {
      const held = drag.current;
      drag.current = null;
      if (held === null) return;
      event.currentTarget.releasePointerCapture(event.pointerId);
      latest.current.onMove(null, held.by);
      if (keep && held.started) editor.actions.moveGroup(id, held.groups, held.places, held.by);
      else place(editor, held.places, { x: 0, y: 0 });
    };
    return {
      onPointerDown(event: PointerEvent) {
        if (event.button !== 0) return;
        event.stopPropagation();
        editor.client.setState({ group: { id, renaming: false } });
        event.currentTarget.setPointerCapture(event.pointerId);
        const from = { x: event.clientX, y: event.clientY };
        drag.current = {
          from,
          ...contents(editor, id, groupBox(latest.current.group)),
          started: false,
          by: { x: 0, y: 0 },
        };
      },
      onPointerMove(event: PointerEvent) {
        const held = drag.current;
        if (held === null) return;
        const far = { x: event.clientX - held.from.x, y: event.clientY - held.from.y };
        held.started ||= Math.hypot(far.x, far.y) >= START_PX;
        if (!held.started) return;
        const zoom = editor.flow.current?.getZoom() ?? 1;
        held.by = { x: Math.round(far.x / zoom), y: Math.round(far.y / zoom) };
        place(editor, held.places, held.by);
        latest.current.onMove(held.groups, held.by);
      },
      onPointerUp: (event: PointerEvent) => end(event, true),
      onPointerCancel: (event: PointerEvent) => end(event, false),
    };
  }, [editor, id]);
}

/** The groups and cards that lie in a frame, the group itself first. */
export function contents({ client, kernel }: EditorContextValue, id: string, frame: Box) {
  const { nodes } = client.getState();
  const boxes = boxesOf(nodes);
  const cards = nodes.map((node, index) => ({ id: node.id, box: boxes[index] as Box, at: node.position }));
  const within = inside(frame, cards);
  const frames = orderedGroups(kernel.getState().document.groups)
    .filter(([other]) => other !== id)
    .map(([other, group]) => ({ id: other, box: groupBox(group) }))
    .filter(({ box }) => box.width * box.height < frame.width * frame.height);
  return {
    groups: [id, ...inside(frame, frames).map((one) => one.id)],
    places: new Map(within.map((card) => [card.id, card.at])),
  };
}

function place({ client }: EditorContextValue, places: ReadonlyMap<string, Point>, by: Point): void {
  client.setState((state) => ({
    nodes: state.nodes.map((node) => {
      const from = places.get(node.id);
      return from === undefined ? node : { ...node, position: { x: from.x + by.x, y: from.y + by.y } };
    }),
  }));
}

export function useGroupResize(id: string, group: Group) {
  const editor = useEditor();
  const [box, setBox] = useState<Box | null>(null);
  const from = useRef<{ at: Point; box: Box } | null>(null);
  const handlers = {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      event.stopPropagation();
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { at: { x: event.clientX, y: event.clientY }, box: groupBox(group) };
    },
    onPointerMove(event: PointerEvent) {
      if (from.current === null) return;
      const zoom = editor.flow.current?.getZoom() ?? 1;
      const { at, box: old } = from.current;
      setBox({
        ...old,
        width: Math.max(SMALLEST_GROUP, Math.round(old.width + (event.clientX - at.x) / zoom)),
        height: Math.max(SMALLEST_GROUP / 2, Math.round(old.height + (event.clientY - at.y) / zoom)),
      });
    },
    onPointerUp(event: PointerEvent) {
      event.currentTarget.releasePointerCapture(event.pointerId);
      from.current = null;
      if (box !== null) editor.actions.changeGroup(id, { width: box.width, height: box.height }, "Resize the group");
      setBox(null);
    },
    onPointerCancel() {
      from.current = null;
      setBox(null);
    },
  };
  return { box, handlers };
}
