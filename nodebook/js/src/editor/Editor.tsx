import { ReactFlowProvider } from "@xyflow/react";
import { Announcer } from "./Announcer";
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
import { Breadcrumbs } from "./subgraphs/Breadcrumbs";
import { ShownCanvas } from "./subgraphs/ShownCanvas";
import { Toolbar } from "./Toolbar";
import { RunTimes } from "./watch/RunControls";

/** The whole editor of one view. */
export function Editor({ context }: { readonly context: EditorContextValue }) {
  return (
    <EditorContext value={context}>
      <ReactFlowProvider>
        <Toolbar />
        <div className="nb-middle">
          <Stage>
            <ShownCanvas />
            <Breadcrumbs />
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
        <RunTimes />
        <Lightbox />
        <MaskEditor />
        <HelpSheet />
        <Announcer />
      </ReactFlowProvider>
    </EditorContext>
  );
}
