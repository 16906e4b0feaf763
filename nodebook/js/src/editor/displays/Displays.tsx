import { memo } from "react";
import { useStore } from "zustand";
import type { Display } from "../../state/displays";
import { useEditor } from "../context";
import { FigureDisplay, MediaDisplay } from "./MediaDisplay";
import { TableDisplay } from "./TableDisplay";

const NONE: readonly Display[] = [];

export function useDisplays(id: string): readonly Display[] {
  const { session } = useEditor();
  return useStore(session.displays.store, (state) => state.byNode[id] ?? NONE);
}

/** Tables, plots, sound and films of a node, one under the other. */
export const Displays = memo(function Displays({ id }: { readonly id: string }) {
  const displays = useDisplays(id);
  return displays.map((display, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: a result has its displays in one order
    return <OneDisplay key={index} display={display} />;
  });
});

function OneDisplay({ display }: { readonly display: Display }) {
  switch (display.kind) {
    case "table":
      return <TableDisplay table={display} />;
    case "figure":
      return <FigureDisplay figure={display} />;
    case "audio":
    case "video":
      return <MediaDisplay media={display} />;
    case "note":
      return (
        <p className="nb-message nb-display-note" role="note">
          {display.text}
        </p>
      );
    case "compare":
      return null; // the pictures show themselves (Preview.tsx)
  }
}
