import { type NodeProps, NodeResizeControl } from "@xyflow/react";
import { memo } from "react";
import { useTextDraft } from "../controls/TextControl";
import { titleOf } from "../graph/library";
import type { FlowNode } from "../state/flow";
import { useEditor, useKernel } from "./context";
import { NodeHeader } from "./NodeHeader";

const SMALLEST = { minWidth: 160, minHeight: 80 };

/** Text on the canvas: no ports, never run. */
export const NoteCard = memo(
  function NoteCard({ id, selected }: NodeProps<FlowNode>) {
    const { actions } = useEditor();
    const node = useKernel((state) => state.document.nodes[id]);
    const library = useKernel((state) => state.library);
    const current = typeof node?.values?.text === "string" ? node.values.text : "";
    const { draft, setDraft, commit } = useTextDraft(current, (text) => actions.setValue(id, "text", text));
    if (node === undefined) return null;
    const collapsed = node.view?.collapsed === true;
    return (
      <article
        className="nb-card nb-note"
        data-node-id={id}
        data-state="idle"
        data-type={node.type}
        data-selected={selected}
        aria-label={titleOf(library, node)}
      >
        <NodeHeader
          id={id}
          title={titleOf(library, node)}
          type={node.type}
          color={node.view?.color}
          collapsed={collapsed}
          mode={null}
        />
        {!collapsed && (
          <>
            <textarea
              className="nb-note-text nodrag nowheel"
              data-input="text"
              aria-label="Note"
              placeholder="Write a note"
              value={draft ?? current}
              onChange={(event) => setDraft(event.target.value)}
              onBlur={commit}
            />
            <NodeResizeControl
              className="nb-resize-corner"
              position="bottom-right"
              {...SMALLEST}
              onResizeEnd={(_event, size) => actions.resize(id, size)}
            />
          </>
        )}
      </article>
    );
  },
  (before, after) => before.id === after.id && before.selected === after.selected,
);
