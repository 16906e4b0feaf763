import type { Edge } from "@xyflow/react";
import { type MouseEvent, useMemo } from "react";
import { wireOf } from "../commands/organise";
import { useEditor } from "../context";

/** A double click on a wire puts a dot there. */
export function useWireDots() {
  const { actions, flow } = useEditor();
  return useMemo(
    () => ({
      onEdgeDoubleClick: (event: MouseEvent, edge: Edge) => {
        const at = { x: event.clientX, y: event.clientY };
        actions.addReroute(wireOf(edge), flow.current?.screenToFlowPosition(at) ?? at);
      },
    }),
    [actions, flow],
  );
}
