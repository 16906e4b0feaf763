import { ReactFlowProvider } from "@xyflow/react";
import { Announcer } from "./Announcer";
import { Canvas } from "./Canvas";
import { EditorContext, type EditorContextValue } from "./context";
import { EmptyState } from "./EmptyState";
import { HelpSheet } from "./HelpSheet";
import { KernelLink } from "./KernelLink";
import { Lightbox } from "./lightbox/Lightbox";
import { Menu } from "./Menu";
import { Minimap } from "./Minimap";
import { MaskEditor } from "./mask/MaskEditor";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { Picker } from "./Picker";
import { SidePanel } from "./panels/SidePanel";
import { ResizeHandle } from "./ResizeHandle";
import { Stage } from "./Stage";
import { Toolbar } from "./Toolbar";

/** The whole editor of one view. */
export function Editor({ context }: { readonly context: EditorContextValue }) {
  return (
    <EditorContext value={context}>
      <ReactFlowProvider>
        <Toolbar />
        <div className="nb-middle">
          <Stage>
            <Canvas />
            <EmptyState />
            <Minimap />
            <KernelLink />
            <Notices />
          </Stage>
          <SidePanel />
        </div>
        <ResizeHandle />
        <Palette />
        <Menu />
        <Picker />
        <Lightbox />
        <MaskEditor />
        <HelpSheet />
        <Announcer />
      </ReactFlowProvider>
    </EditorContext>
  );
}
