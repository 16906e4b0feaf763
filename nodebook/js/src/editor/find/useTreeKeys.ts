/** A tree's keys: arrows go and open, Enter and the space bar do what a click does, Esc goes back to the canvas. */
import { type KeyboardEvent, type RefObject, useState } from "react";
import type { NodeTypeInfo } from "../../graph/library";
import type { TreeRow } from "../../graph/tree";
import { remembered } from "../../state/remembered";
import { useEditor } from "../context";

const PAGE = 8;

interface Doing {
  readonly toggle: (path: string, wanted?: boolean) => void;
  readonly add: (type: NodeTypeInfo) => void;
}

/** The row that has the keyboard, or would have; one always can. */
export function useTreeKeys(tree: RefObject<HTMLElement | null>, rows: readonly TreeRow[], { toggle, add }: Doing) {
  const { root } = useEditor();
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const found = rows.findIndex((row) => row.key === activeKey);
  const at = Math.max(0, found);
  const active = rows[at];
  const go = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    setActiveKey(row.key);
    tree.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.key)}"]`)?.focus();
  };
  const act = (event: KeyboardEvent): boolean => {
    if (isFavouriteKey(event)) {
      if (active?.kind === "type") remembered.toggleFavourite(active.type.name);
      return true;
    }
    const wanted = event.key === "Escape" ? null : treeMove(event.key, rows, at);
    if (event.key === "Escape") root.focus({ preventScroll: true });
    else if (wanted === null) return false;
    if (typeof wanted === "number") go(wanted);
    else if (wanted !== null && active?.kind === "category") toggle(active.category.path, wanted.open ?? !active.open);
    else if (wanted !== null && active?.kind === "type") add(active.type);
    return true;
  };
  return {
    active,
    focus: setActiveKey,
    onKeyDown: (event: KeyboardEvent) => {
      if (act(event)) event.preventDefault();
    },
  };
}

export function isFavouriteKey({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
  return key.toLowerCase() === "d" && (ctrlKey || metaKey);
}

/** The row to go to; or to open, close, or (neither said) do what Enter does; null for another key. */
function treeMove(key: string, rows: readonly TreeRow[], at: number): number | { readonly open?: boolean } | null {
  const row = rows[at];
  switch (key) {
    case "ArrowDown":
      return at + 1;
    case "ArrowUp":
      return at - 1;
    case "Home":
      return 0;
    case "End":
      return rows.length - 1;
    case "PageDown":
      return at + PAGE;
    case "PageUp":
      return at - PAGE;
    case "ArrowRight":
      if (row?.kind !== "category") return null;
      return row.open ? at + 1 : { open: true };
    case "ArrowLeft":
      if (row?.kind === "category" && row.open) return { open: false };
      return Math.max(
        0,
        rows.findLastIndex((other, index) => index < at && other.level < (row?.level ?? 1)),
      );
    case "Enter":
    case " ":
      return {};
    default:
      return null;
  }
}
