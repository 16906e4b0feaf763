import { ReactFlowProvider } from "@xyflow/react";
import { Canvas } from "./Canvas";
import { EditorContext, type EditorContextValue } from "./context";
import { EmptyState } from "./EmptyState";
import { KernelLink } from "./KernelLink";
import { Lightbox } from "./Lightbox";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { ResizeHandle } from "./ResizeHandle";
import { Toolbar } from "./Toolbar";

/** The whole editor of one view. */
export function Editor({ context }: { readonly context: EditorContextValue }) {
  return (
    <EditorContext value={context}>
      <ReactFlowProvider>
        <Toolbar />
        <div className="nb-stage">
          <Canvas />
          <EmptyState />
          <KernelLink />
          <Notices />
        </div>
        <ResizeHandle />
        <Palette />
        <Lightbox />
      </ReactFlowProvider>
    </EditorContext>
  );
}
