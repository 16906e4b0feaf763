import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { orderedIds } from "../../graph/document";
import { NOTE_TYPE, titleOf } from "../../graph/library";
import { runningOrder } from "../../graph/order";
import { searchOptions } from "../../graph/search";
import { selectedIds } from "../../state/client";
import { useClient, useEditor, useKernel } from "../context";
import { focused } from "../focus";
import { AddIcon } from "../icons";
import { openPalette } from "../openPalette";
import { ListNode } from "./ListNode";

/**
 * The graph as a list: nodes in running order as headings, with what is in them as a form. All that the canvas can do to a
 * graph's nodes, values and links can be done here, by a screen reader's own ways of reading a page.
 */
export function ListPanel() {
  const [filter, setFilter] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const nodes = useListed(filter);
  const total = useKernel((state) => Object.keys(state.document.nodes).length);
  const selected = useClient((state) => selectedIds(state).join("\n")).split("\n");
  const shown = useGrowing(nodes.length);
  const add = useAddHere(list);
  useFollowSelection(list, selected.length === 1 ? (selected[0] as string) : "");
  const chosen = new Set(selected);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows between the headings' buttons, which are in it
    <div className="nb-list" onKeyDown={(event) => onListKey(event, list.current)}>
      <div className="nb-list-tools">
        <input
          type="search"
          className="nb-list-filter"
          aria-label="Filter the list"
          placeholder="Filter"
          value={filter}
          spellCheck={false}
          onChange={(event) => setFilter(event.target.value)}
        />
        <button type="button" className="nb-button" data-testid="nb-list-add" onClick={add}>
          <AddIcon />
          Add
        </button>
      </div>
      <div ref={list}>
        <ol className="nb-list-nodes" aria-label="Nodes in running order">
          {nodes.slice(0, shown).map((id) => (
            <ListNode key={id} id={id} selected={chosen.has(id)} />
          ))}
        </ol>
        {nodes.length === 0 && (
          <p className="nb-list-empty">{total === 0 ? "The graph is empty." : `No node fits “${filter}”.`}</p>
        )}
      </div>
    </div>
  );
}

const FIRST_ROWS = 60;
const MORE_ROWS = 120;

/** How many rows are there: the first at once, the rest of a long list bit by bit, so that opening it takes no time. */
function useGrowing(total: number): number {
  const [shown, setShown] = useState(FIRST_ROWS);
  useEffect(() => {
    if (shown >= total) return;
    const timer = setTimeout(() => setShown(shown + MORE_ROWS));
    return () => clearTimeout(timer);
  }, [shown, total]);
  return shown;
}

/** Ids in running order, notes last, as far as the filter leaves them. */
function useListed(filter: string): readonly string[] {
  const document = useKernel((state) => state.document);
  const library = useKernel((state) => state.library);
  const order = useMemo(() => {
    const notes = orderedIds(document).filter((id) => document.nodes[id]?.type === NOTE_TYPE);
    return [...runningOrder(document), ...notes];
  }, [document]);
  return useMemo(() => {
    if (filter.trim() === "") return order;
    const titleFor = (id: string) => {
      const node = document.nodes[id];
      return node === undefined ? id : `${titleOf(library, node)} ${node.type}`;
    };
    const found = new Set(searchOptions(filter, [...new Set(order.map(titleFor))]));
    return order.filter((id) => found.has(titleFor(id)));
  }, [order, filter, document, library]);
}

/** Open the palette; when it has closed, the keyboard is at the new node's heading, or back where it was. */
function useAddHere(list: React.RefObject<HTMLElement | null>): () => void {
  const editor = useEditor();
  const open = useClient((state) => state.palette !== null);
  const from = useRef<HTMLElement | null>(null);
  useEffect(() => {
    if (open || from.current === null) return;
    const back = from.current;
    from.current = null;
    const [id] = selectedIds(editor.client.getState());
    const frame = requestAnimationFrame(() => (headOf(list.current, id) ?? back).focus());
    return () => cancelAnimationFrame(frame);
  }, [open, editor, list]);
  return () => {
    from.current = focused(editor.root);
    openPalette(editor, null);
  };
}

/** While the keyboard is in the list, it goes along with what is selected: after following a link, say. */
function useFollowSelection(list: React.RefObject<HTMLElement | null>, id: string): void {
  const { root } = useEditor();
  useEffect(() => {
    const here = focused(root);
    const row = here?.closest<HTMLElement>("[data-list-node]");
    const head = headOf(list.current, id);
    if (head === null) return;
    if (row && list.current?.contains(row) && row.dataset.listNode !== id) head.focus();
    else head.scrollIntoView({ block: "nearest" });
  }, [id, list, root]);
}

function headOf(list: HTMLElement | null, id: string | undefined): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-list-node="${CSS.escape(id ?? "")}"] .nb-list-head`) ?? null;
}

const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
const EDGES: Readonly<Record<string, number>> = { Home: 0, End: -1 };

/** On the buttons of the headings: arrows go from node to node. */
function onListKey(event: KeyboardEvent, list: HTMLElement | null): void {
  const here = event.target as HTMLElement;
  if (!here.matches(".nb-list-head, .nb-list-filter") || event.altKey || event.ctrlKey || event.metaKey) return;
  const heads = [...(list?.querySelectorAll<HTMLElement>(".nb-list-head") ?? [])];
  const move = MOVES[event.key];
  const edge = here.matches(".nb-list-filter") ? undefined : EDGES[event.key];
  if (move !== undefined) heads[Math.max(0, Math.min(heads.length - 1, heads.indexOf(here) + move))]?.focus();
  else if (edge !== undefined) heads.at(edge)?.focus();
  else return;
  event.preventDefault();
}
