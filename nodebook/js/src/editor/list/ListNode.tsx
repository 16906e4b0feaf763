import { type KeyboardEvent, memo, useId, useRef, useState } from "react";
import { type GraphNode, own } from "../../graph/document";
import { NOTE_TYPE, titleOf } from "../../graph/library";
import { nodeWords } from "../../state/spoken";
import { commandAt, isEnabled } from "../commands";
import { chordOf } from "../commands/chords";
import type { Command } from "../commands/types";
import { useEditor, useKernel } from "../context";
import { reveal } from "../fit";
import { ChevronIcon, StateIcon } from "../icons";
import { NodeMessages } from "../NodeMessages";
import { secondsText } from "../words";
import { ListDetails } from "./ListDetails";

interface Props {
  readonly id: string;
  readonly selected: boolean;
}

/** A node of the list: a heading that opens, what is wrong, and, open, everything in it. */
export const ListNode = memo(function ListNode({ id, selected }: Props) {
  const node = useKernel((state) => state.document.nodes[id]);
  return node === undefined ? null : <Row id={id} node={node} selected={selected} />;
});

function Row({ id, node, selected }: Props & { readonly node: GraphNode }) {
  const editor = useEditor();
  const [open, setOpen] = useState(false);
  const details = useId();
  const head = useRef<HTMLButtonElement>(null);
  const title = useKernel((state) => titleOf(state.library, node));
  const show = () => {
    if (selected) return;
    editor.actions.select([id]);
    reveal(editor, id);
  };
  return (
    <li className="nb-list-node" data-list-node={id} data-current={selected} aria-current={selected || undefined}>
      <h3>
        <button
          ref={head}
          type="button"
          className="nb-list-head"
          aria-expanded={open}
          aria-controls={open ? details : undefined}
          onFocus={show}
          onClick={() => setOpen(!open)}
          onKeyDown={(event) => onHeadKey(event, editor, id)}
        >
          <ChevronIcon />
          <span className="nb-list-title">{title}</span>
          <StateWords id={id} />
        </button>
      </h3>
      {!open && node.type !== NOTE_TYPE && <LinksInWords node={node} />}
      <NodeMessages id={id} quiet />
      {open && <ListDetails id={id} node={node} panelId={details} head={head} />}
    </li>
  );
}

function StateWords({ id }: { readonly id: string }) {
  const words = useKernel((state) => nodeWords(state, id).join(", "));
  const status = useKernel((state) => state.statuses[id]);
  const progress = status?.state === "running" && status.progress ? ` ${status.progress.join("/")}` : "";
  const time = status?.state === "done" && status.seconds !== null ? `, ${secondsText(status.seconds)}` : "";
  if (words === "") return null;
  return (
    <span className="nb-list-state" data-state={status?.state ?? "idle"}>
      <StateIcon state={status?.state ?? "idle"} />
      {`${words}${progress}${time}`}
    </span>
  );
}

/** "image ← Load Image.IMAGE", a line for each link. */
function LinksInWords({ node }: { readonly node: GraphNode }) {
  const names = useKernel((state) =>
    Object.entries(node.links ?? {})
      .map(([input, [source, output]]) => {
        const from = own(state.document.nodes, source);
        return `${input} ← ${from ? titleOf(state.library, from) : `missing node ${source}`}.${output}`;
      })
      .join("\n"),
  );
  return names === "" ? null : <p className="nb-list-links">{names}</p>;
}

/** Keys that the list and its buttons use themselves. Ctrl and Cmd are handled for all of the editor (keyboard.ts). */
const OWN_KEYS = /^(Enter|Space|Tab|Escape|Home|End|Page(Up|Down)|(Shift\+)?Arrow(Up|Down|Left|Right)|Mod\+.*)$/;

type Editor = ReturnType<typeof useEditor>;

/** Keys of the canvas mean the heading's node. The right arrow opens it, the left one closes it. */
function onHeadKey(event: KeyboardEvent<HTMLElement>, editor: Editor, id: string): void {
  const head = event.currentTarget;
  const chord = chordOf(event.nativeEvent);
  const isOpen = head.getAttribute("aria-expanded") === "true";
  if (chord === (isOpen ? "ArrowLeft" : "ArrowRight")) {
    event.preventDefault();
    head.click();
    return;
  }
  const command = OWN_KEYS.test(chord) ? undefined : commandAt(chord);
  if (command === undefined) return;
  event.preventDefault();
  editor.actions.select([id]);
  if (isEnabled(command, editor)) runFor(command, editor, id, head, event.nativeEvent);
}

/** A name is written in the list; of a node that goes, the neighbour is next. */
function runFor(
  command: Command,
  editor: Editor,
  id: string,
  head: HTMLElement,
  event: globalThis.KeyboardEvent,
): void {
  const row = head.closest("li");
  switch (command.id) {
    case "edit.rename":
      if (head.getAttribute("aria-expanded") === "false") head.click();
      requestAnimationFrame(() => row?.querySelector<HTMLElement>(".nb-list-name input")?.focus());
      return;
    case "edit.remove":
      return removeRow(command, editor, id, row);
    default:
      command.run(editor, event);
  }
}

function removeRow(command: Command, editor: Editor, id: string, row: Element | null): void {
  // The keyboard goes to the neighbour before its own row goes.
  const next = (row?.nextElementSibling ?? row?.previousElementSibling) as HTMLElement | null | undefined;
  next?.querySelector<HTMLElement>(".nb-list-head")?.focus();
  editor.actions.select([id]);
  command.run(editor);
  if (next?.dataset.listNode) editor.actions.select([next.dataset.listNode]);
}
