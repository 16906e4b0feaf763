import { useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { type NodeTypeInfo, offeredTypes } from "../../graph/library";
import { searchTypes } from "../../graph/search";
import { type Category, categoryTree, type TreeRow, treeRows } from "../../graph/tree";
import { remembered } from "../../state/remembered";
import { useEditor, useKernel } from "../context";
import { LibraryRow } from "../find/LibraryRow";
import { TypeAbout } from "../find/TypeAbout";
import { useTreeKeys } from "../find/useTreeKeys";
import { useTypeDrag } from "../find/useTypeDrag";
import { reveal } from "../fit";

/** All node types by category: look, filter, star, drag onto the canvas, or add with Enter. */
export function LibraryPanel() {
  const library = useKernel((state) => state.library);
  const favourites = useStore(remembered, (state) => state.favourites);
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set([FAVOURITES]));
  const rows = useMemo(
    () => shownRows(offeredTypes(library), favourites, query, open),
    [library, favourites, query, open],
  );
  const toggle = (path: string, wanted = !open.has(path)) => {
    const next = new Set(open);
    if (wanted) next.add(path);
    else next.delete(path);
    setOpen(next);
  };
  useEffect(() => remembered.refresh(), []);
  const tree = useRef<HTMLDivElement>(null);
  return (
    <div className="nb-library">
      <FilterField
        query={query}
        onChange={setQuery}
        onDown={() => tree.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus({ preventScroll: true })}
      />
      <Tree ref={tree} rows={rows} toggle={toggle} key={query === "" ? "tree" : "found"} />
    </div>
  );
}

const FAVOURITES = "Favourites";

function shownRows(
  types: readonly NodeTypeInfo[],
  favourites: readonly string[],
  query: string,
  open: ReadonlySet<string>,
): TreeRow[] {
  if (query.trim() !== "") {
    return searchTypes(query, types).map((type) => ({ kind: "type", key: `found:${type.name}`, level: 1, type }));
  }
  const liked = types.filter((type) => favourites.includes(type.name));
  const rows = treeRows(categoryTree(types), (path) => open.has(path));
  if (liked.length === 0) return rows;
  const group: Category = { path: FAVOURITES, title: FAVOURITES, categories: [], types: liked, count: liked.length };
  return [...treeRows({ ...group, path: "", categories: [group], types: [] }, (path) => open.has(path)), ...rows];
}

interface FilterProps {
  readonly query: string;
  readonly onChange: (query: string) => void;
  readonly onDown: () => void;
}

function FilterField({ query, onChange, onDown }: FilterProps) {
  const { root } = useEditor();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  return (
    <input
      ref={field}
      className="nb-menu-search"
      type="search"
      aria-label="Filter the library"
      placeholder="Filter"
      data-testid="nb-library-filter"
      value={query}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown") onDown();
        else if (event.key === "Escape" && query !== "") onChange("");
        else if (event.key === "Escape") root.focus({ preventScroll: true });
        else return;
        event.preventDefault();
      }}
    />
  );
}

interface TreeProps {
  readonly ref: React.RefObject<HTMLDivElement | null>;
  readonly rows: readonly TreeRow[];
  readonly toggle: (path: string, wanted?: boolean) => void;
}

function Tree({ ref, rows, toggle }: TreeProps) {
  const editor = useEditor();
  const drag = useTypeDrag();
  const add = (type: NodeTypeInfo) => {
    const id = editor.actions.addNode(type.name, middleOf(editor), null, true);
    if (id !== null) reveal(editor, id);
  };
  const { active, focus, onKeyDown } = useTreeKeys(ref, rows, { toggle, add });
  return (
    <>
      <div
        ref={ref}
        hidden={rows.length === 0}
        className="nb-library-tree nowheel"
        role="tree"
        aria-label="Nodes by category"
        data-testid="nb-library-tree"
        onKeyDown={onKeyDown}
      >
        {rows.map((row) => (
          <LibraryRow
            key={row.key}
            row={row}
            active={row === active}
            onFocus={() => focus(row.key)}
            onToggle={toggle}
            onAdd={add}
            onDrag={drag.start}
          />
        ))}
      </div>
      {rows.length === 0 && <p className="nb-menu-empty">No node fits.</p>}
      {active?.kind === "type" && (
        <div className="nb-library-about nowheel" data-testid="nb-library-about">
          <TypeAbout type={active.type} />
        </div>
      )}
      {drag.ghost}
    </>
  );
}

function middleOf({ flow, root }: ReturnType<typeof useEditor>) {
  const box = root.querySelector(".nb-stage")?.getBoundingClientRect();
  const at = { x: (box?.left ?? 0) + (box?.width ?? 0) / 2 - 120, y: (box?.top ?? 0) + (box?.height ?? 0) / 2 - 60 };
  return flow.current?.screenToFlowPosition(at) ?? { x: 0, y: 0 };
}
