import { type NodeProps, NodeResizeControl } from "@xyflow/react";
import { type KeyboardEvent, memo, useEffect, useRef } from "react";
import { useTextDraft } from "../../controls/TextControl";
import type { GraphNode } from "../../graph/document";
import { titleOf } from "../../graph/library";
import { cssColor } from "../../graph/nodeColors";
import type { FlowNode } from "../../state/flow";
import { useClient, useEditor, useKernel } from "../context";
import { NodeHeader } from "../NodeHeader";
import { Markdown } from "./Markdown";

const SMALLEST = { minWidth: 160, minHeight: 80 };

/** Text on the canvas, in Markdown: no ports, never run. Double-click or Enter writes in it. */
export const NoteCard = memo(
  function NoteCard({ id, selected }: NodeProps<FlowNode>) {
    const node = useKernel((state) => state.document.nodes[id]);
    return node === undefined ? null : <Note id={id} node={node} selected={selected} />;
  },
  (before, after) => before.id === after.id && before.selected === after.selected,
);

interface Props {
  readonly id: string;
  readonly node: GraphNode;
  readonly selected: boolean;
}

function Note({ id, node, selected }: Props) {
  const { actions } = useEditor();
  const title = useKernel((state) => titleOf(state.library, node));
  const collapsed = node.view?.collapsed === true;
  const css = cssColor(node.view?.color);
  return (
    <article
      className="nb-card nb-note"
      data-node-id={id}
      data-state="idle"
      data-type={node.type}
      data-selected={selected}
      data-colored={css !== undefined}
      style={css ? ({ "--nb-node-color": css } as React.CSSProperties) : undefined}
      aria-label={title}
    >
      <NodeHeader id={id} title={title} type={node.type} color={node.view?.color} collapsed={collapsed} mode={null} />
      {!collapsed && (
        <>
          <Text id={id} text={typeof node.values?.text === "string" ? node.values.text : ""} />
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
}

interface TextProps {
  readonly id: string;
  readonly text: string;
}

function Text({ id, text }: TextProps) {
  const { client } = useEditor();
  const editing = useClient((state) => state.editingNote === id);
  if (editing) return <Field id={id} text={text} />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter on a selected note is the keyboard's way
    <div
      className="nb-note-text nb-note-body"
      data-input="text"
      onDoubleClick={(event) => {
        if (!(event.target as Element).closest("a")) client.setState({ editingNote: id });
      }}
    >
      {text.trim() === "" ? <p className="nb-muted">Double-click to write</p> : <Markdown text={text} />}
    </div>
  );
}

/** While it is written: the Markdown itself. Leaving it, or Ctrl-Enter, keeps what was written; Esc does not. */
function Field({ id, text }: TextProps) {
  const { actions, client, root } = useEditor();
  const field = useRef<HTMLTextAreaElement>(null);
  const { draft, setDraft, commit, cancel } = useTextDraft(text, (next) => actions.setValue(id, "text", next));
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  }, []);
  const close = () =>
    client.setState((state) => ({ editingNote: state.editingNote === id ? null : state.editingNote }));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) commit();
    else return;
    event.preventDefault();
    close();
    root.focus({ preventScroll: true });
  };
  return (
    <textarea
      ref={field}
      className="nb-note-text nodrag nowheel"
      data-input="text"
      aria-label="Note, in Markdown"
      placeholder="Markdown: # heading, **bold**, - list, [link](https://…)"
      value={draft ?? text}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={() => {
        commit();
        close();
      }}
      onKeyDown={onKeyDown}
    />
  );
}
