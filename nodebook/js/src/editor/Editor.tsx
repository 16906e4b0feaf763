import { ReactFlowProvider } from "@xyflow/react";
import { Canvas } from "./Canvas";
import { EditorContext, type EditorContextValue } from "./context";
import { EmptyState } from "./EmptyState";
import { HelpSheet } from "./HelpSheet";
import { KernelLink } from "./KernelLink";
import { Lightbox } from "./lightbox/Lightbox";
import { Menu } from "./Menu";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { SidePanel } from "./panels/SidePanel";
import { ResizeHandle } from "./ResizeHandle";
import { Toolbar } from "./Toolbar";

/** The whole editor of one view. */
export function Editor({ context }: { readonly context: EditorContextValue }) {
  return (
    <EditorContext value={context}>
      <ReactFlowProvider>
        <Toolbar />
        <div className="nb-middle">
          <div className="nb-stage">
            <Canvas />
            <EmptyState />
            <KernelLink />
            <Notices />
          </div>
          <SidePanel />
        </div>
        <ResizeHandle />
        <Palette />
        <Menu />
        <Lightbox />
        <HelpSheet />
      </ReactFlowProvider>
    </EditorContext>
  );
}
