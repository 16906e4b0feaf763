import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { inputType, outputType } from "../graph/conversions";
import { titleOf } from "../graph/library";
import { typeWords } from "../graph/ports";
import type { PaletteState } from "../state/client";
import { remembered } from "../state/remembered";
import { COMMANDS, isEnabled } from "./commands";
import { useClient, useEditor, useKernel } from "./context";
import { PaletteEntry } from "./find/PaletteEntry";
import { type PaletteItem, paletteItems } from "./find/paletteItems";
import { isPaletteWide, PALETTE_MARGIN_PX, paletteWidth } from "./find/paletteSize";
import { TypeAbout } from "./find/TypeAbout";
import { isFavouriteKey } from "./find/useTreeKeys";
import { reveal } from "./fit";

const HEIGHT_PX = 360;
const MOST_SHOWN = 200;
const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };

/** Type to find a node or a command; arrows and Enter choose. */
export function Palette() {
  const palette = useClient((state) => state.palette);
  return palette === null ? null : <OpenPalette key={paletteKey(palette)} palette={palette} />;
}

function paletteKey({ at, query, replace, convert }: PaletteState): string {
  return [at.x, at.y, query, replace, convert?.target].join();
}

function OpenPalette({ palette }: { readonly palette: PaletteState }) {
  const editor = useEditor();
  const { client, root } = editor;
  const [query, setQuery] = useState(palette.query ?? "");
  const [active, setActive] = useState(0);
  const items = useItems(query, palette);
  const list = useRef<HTMLDivElement>(null);
  useCloseOutside(root);
  useEffect(() => {
    list.current?.querySelector("[data-active=true]")?.scrollIntoView({ block: "nearest" });
  });
  const place = placeInside(palette, root);
  const chosen = items[active];
  const nothing = items.length === 0 && query === "";
  const close = () => {
    client.setState({ palette: null });
    root.focus({ preventScroll: true });
  };
  const choose = (item: PaletteItem | undefined) => {
    if (item === undefined) return;
    close();
    act(editor, item, palette);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (move !== undefined) setActive((at) => Math.max(0, Math.min(items.length - 1, at + move)));
    else if (event.key === "Enter") choose(chosen);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (isFavouriteKey(event)) toggleFavourite(chosen);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys reach it from the search field inside
    <div
      className="nb-palette"
      data-testid="nb-palette"
      style={nothing ? { ...place, height: "auto" } : place}
      data-wide={place.wide}
      onKeyDown={onKeyDown}
    >
      <SearchField
        query={query}
        palette={palette}
        activeId={chosen && entryId(active)}
        onChange={(text) => {
          setQuery(text);
          setActive(0);
        }}
      />
      <div className="nb-palette-middle">
        <div
          ref={list}
          id="nb-palette-list"
          className="nb-palette-list nowheel"
          role="listbox"
          aria-label="Nodes"
          hidden={items.length === 0}
        >
          {items.slice(0, MOST_SHOWN + active).map((item, index) => (
            <PaletteEntry
              key={item.key}
              id={entryId(index)}
              item={item}
              active={index === active}
              heading={item.heading === items[index - 1]?.heading ? null : item.heading}
              onPoint={() => setActive(index)}
              onChoose={() => choose(item)}
            />
          ))}
        </div>
        {items.length === 0 && <p className="nb-menu-empty nb-palette-empty">{emptyWords(palette, query)}</p>}
        {chosen?.type && (
          <div className="nb-palette-about nowheel">
            <TypeAbout type={chosen.type} withPicture={place.wide} />
          </div>
        )}
      </div>
    </div>
  );
}

function emptyWords({ replace }: PaletteState, query: string): string {
  if (query !== "") return `No node fits “${query}”.`;
  return replace === undefined ? "There is no node that fits." : "No other node keeps all of its links.";
}

function entryId(index: number): string {
  return `nb-entry-${index}`;
}

function toggleFavourite(item: PaletteItem | undefined): void {
  if (item?.type !== undefined) remembered.toggleFavourite(item.type.name);
}

function act(editor: ReturnType<typeof useEditor>, item: PaletteItem, palette: PaletteState): void {
  const { actions } = editor;
  if (item.command !== undefined) return item.command.run(editor);
  if (item.type === undefined) return;
  if (palette.replace !== undefined) return actions.replace(palette.replace, item.type.name);
  const id =
    palette.convert !== undefined && item.conversion !== undefined
      ? actions.convert(palette.convert, item.conversion, palette.place)
      : actions.addNode(item.type.name, palette.place, palette.wire, palette.anywhere);
  if (id !== null) reveal(editor, id);
}

function useItems(query: string, palette: PaletteState): PaletteItem[] {
  const editor = useEditor();
  const library = useKernel((state) => state.library);
  const document = useKernel((state) => state.document);
  const liked = useStore(remembered);
  useEffect(() => remembered.refresh(), []);
  const commands = useMemo(() => COMMANDS.filter((command) => isEnabled(command, editor)), [editor]);
  return useMemo(
    () => paletteItems(query, palette, { library, document }, liked, commands),
    [query, palette, library, document, liked, commands],
  );
}

interface SearchProps {
  readonly query: string;
  readonly palette: PaletteState;
  readonly activeId: string | undefined;
  readonly onChange: (text: string) => void;
}

function SearchField({ query, palette, activeId, onChange }: SearchProps) {
  const { kernel } = useEditor();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const words = useMemo(() => promptWords(palette, kernel.getState()), [palette, kernel]);
  return (
    <input
      ref={field}
      className="nb-palette-search"
      data-testid="nb-palette-search"
      role="combobox"
      aria-expanded="true"
      aria-controls="nb-palette-list"
      aria-activedescendant={activeId}
      aria-label={words}
      placeholder={words}
      value={query}
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

type Source = Parameters<typeof titleOf>[0];

function promptWords(
  { wire, replace, convert }: PaletteState,
  { document, library }: { readonly document: Parameters<typeof outputType>[0]; readonly library: Source },
): string {
  const node = document.nodes[replace ?? ""];
  if (node !== undefined) return `Replace ${titleOf(library, node)} by`;
  if (convert !== undefined) {
    const from = outputType(document, library, convert.source, convert.output) ?? "*";
    const to = inputType(document, library, convert.target, convert.input) ?? "*";
    return `Make ${typeWords(to)} from ${typeWords(from)} with`;
  }
  return wire === null ? "Find a node, or > for commands" : `Find a node for ${typeWords(wire.type)}`;
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

interface Place {
  readonly wide: boolean;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

function placeInside({ at }: PaletteState, root: HTMLElement): Place {
  const box = root.getBoundingClientRect();
  const width = paletteWidth(box.width);
  const height = Math.min(HEIGHT_PX, box.height - 2 * PALETTE_MARGIN_PX);
  return {
    wide: isPaletteWide(box.width),
    width,
    height,
    left: Math.max(PALETTE_MARGIN_PX, Math.min(at.x, box.width - width - PALETTE_MARGIN_PX)),
    top: Math.max(PALETTE_MARGIN_PX, Math.min(at.y, box.height - height - PALETTE_MARGIN_PX)),
  };
}
