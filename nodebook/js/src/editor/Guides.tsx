import { useStore, ViewportPortal } from "@xyflow/react";
import { useClient } from "./context";

/** The lines along which a dragged card is level with others. */
export function Guides() {
  const guides = useClient((state) => state.guides);
  const zoom = useStore((state) => state.transform[2]);
  if (guides.length === 0) return null;
  return (
    <ViewportPortal>
      {guides.map(({ axis, at, from, to }) => (
        <div
          key={`${axis}${at}`}
          className="nb-guide"
          data-testid="nb-guide"
          style={
            axis === "vertical"
              ? { transform: `translate(${at}px, ${from}px)`, width: 1 / zoom, height: to - from }
              : { transform: `translate(${from}px, ${at}px)`, width: to - from, height: 1 / zoom }
          }
        />
      ))}
    </ViewportPortal>
  );
}
