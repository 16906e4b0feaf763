import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { NodeTypeInfo } from "../graph/library";
import { firstFittingInput, firstFittingOutput, typeWords } from "../graph/ports";
import { searchTypes } from "../graph/search";
import type { PaletteState } from "../state/client";
import { useClient, useEditor, useKernel } from "./context";
import { reveal } from "./fit";

const WIDTH_PX = 360;
const HEIGHT_PX = 340;
const MARGIN_PX = 8;
const MOST_SHOWN = 200;

/** Type to find a node; arrows and Enter to add it. */
export function Palette() {
  const palette = useClient((state) => state.palette);
  return palette === null ? null : <OpenPalette key={`${palette.at.x},${palette.at.y}`} palette={palette} />;
}

function OpenPalette({ palette }: { readonly palette: PaletteState }) {
  const editor = useEditor();
  const { client, actions, root } = editor;
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const found = useFound(query, palette);
  const grouped = query.trim() === "";
  const list = useRef<HTMLDivElement>(null);
  useCloseOutside(root);
  useEffect(() => {
    list.current?.querySelector("[data-active=true]")?.scrollIntoView({ block: "nearest" });
  });
  const close = () => {
    client.setState({ palette: null });
    root.focus({ preventScroll: true });
  };
  const choose = (type: NodeTypeInfo | undefined) => {
    if (type === undefined) return;
    close();
    const id = actions.addNode(type.name, palette.place, palette.wire, palette.anywhere);
    if (id !== null) reveal(editor, id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (move !== undefined) setActive((at) => Math.max(0, Math.min(found.length - 1, at + move)));
    else if (event.key === "Enter") choose(found[active]);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys reach it from the search field inside
    <div className="nb-palette" data-testid="nb-palette" style={placeInside(palette, root)} onKeyDown={onKeyDown}>
      <SearchField
        query={query}
        wireType={palette.wire?.type ?? null}
        active={found[active]}
        onChange={(text) => {
          setQuery(text);
          setActive(0);
        }}
      />
      <div ref={list} id="nb-palette-list" className="nb-palette-list nowheel" role="listbox" aria-label="Nodes">
        {found.slice(0, MOST_SHOWN).map((type, index) => (
          <Entry
            key={type.name}
            type={type}
            active={index === active}
            grouped={grouped}
            heading={grouped && type.category !== found[index - 1]?.category}
            onPoint={() => setActive(index)}
            onChoose={() => choose(type)}
          />
        ))}
        {found.length === 0 && <p className="nb-menu-empty">No node fits “{query}”.</p>}
      </div>
      <p className="nb-palette-about">{found[active]?.description ?? ""}</p>
    </div>
  );
}

const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };

function useFound(query: string, palette: PaletteState): NodeTypeInfo[] {
  const library = useKernel((state) => state.library);
  const fitting = useMemo(() => {
    const { wire } = palette;
    const types = Object.values(library.types);
    if (wire === null) return types;
    const port = wire.side === "source" ? firstFittingInput : firstFittingOutput;
    return types.filter((type) => port(type, wire.type, library.adapters) !== undefined);
  }, [library, palette]);
  return useMemo(() => searchTypes(query, fitting), [query, fitting]);
}

interface SearchProps {
  readonly query: string;
  readonly wireType: string | null;
  readonly active: NodeTypeInfo | undefined;
  readonly onChange: (text: string) => void;
}

function SearchField({ query, wireType, active, onChange }: SearchProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  return (
    <input
      ref={field}
      className="nb-palette-search"
      data-testid="nb-palette-search"
      role="combobox"
      aria-expanded="true"
      aria-controls="nb-palette-list"
      aria-activedescendant={active && `nb-type-${active.name}`}
      aria-label="Find a node"
      placeholder={wireType === null ? "Find a node" : `Find a node for ${typeWords(wireType)}`}
      value={query}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

interface EntryProps {
  readonly type: NodeTypeInfo;
  readonly active: boolean;
  /** Categories are headings: nothing is typed. */
  readonly grouped: boolean;
  readonly heading: boolean;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

function Entry({ type, active, grouped, heading, onPoint, onChoose }: EntryProps) {
  return (
    <>
      {heading && <div className="nb-palette-heading">{type.category || "other"}</div>}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the search field keeps the focus */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the palette */}
      <div
        id={`nb-type-${type.name}`}
        role="option"
        aria-selected={active}
        data-active={active}
        data-node-type={type.name}
        className="nb-option nb-palette-entry"
        onPointerMove={onPoint}
        onClick={onChoose}
      >
        <span>{type.title}</span>
        {!grouped && <span className="nb-muted">{type.category}</span>}
      </div>
    </>
  );
}

function useCloseOutside(root: HTMLElement): void {
  const { client } = useEditor();
  useEffect(() => {
    const controller = new AbortController();
    const close = (event: Event) => {
      const inside = event.composedPath().some((one) => one instanceof Element && one.matches?.(".nb-palette"));
      if (!inside) client.setState({ palette: null });
    };
    const options = { capture: true, signal: controller.signal };
    root.ownerDocument.addEventListener("pointerdown", close, options);
    return () => controller.abort();
  }, [root, client]);
}

function placeInside({ at }: PaletteState, root: HTMLElement): React.CSSProperties {
  const box = root.getBoundingClientRect();
  const width = Math.min(WIDTH_PX, box.width - 2 * MARGIN_PX);
  const height = Math.min(HEIGHT_PX, box.height - 2 * MARGIN_PX);
  return {
    width,
    maxHeight: height,
    left: Math.max(MARGIN_PX, Math.min(at.x, box.width - width - MARGIN_PX)),
    top: Math.max(MARGIN_PX, Math.min(at.y, box.height - height - MARGIN_PX)),
  };
}
