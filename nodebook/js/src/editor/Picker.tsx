import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { searchOptions } from "../graph/search";
import type { PickerOption, PickerState } from "../state/picker";
import { useClient, useEditor } from "./context";
import { focused } from "./focus";
import { TickIcon } from "./icons";

const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
const MOST_SHOWN = 200;

/** The list to choose from, if one is open: type to search, arrows and Enter to choose, Esc to leave. */
export function Picker() {
  const picker = useClient((state) => state.picker);
  return picker === null ? null : <OpenPicker key={picker.title} picker={picker} />;
}

function OpenPicker({ picker }: { readonly picker: PickerState }) {
  const { client, root } = useEditor();
  const [query, setQuery] = useState("");
  /** Gets the keyboard back. */
  const [before] = useState(() => focused(root));
  const found = findOptions(picker, query);
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      found.findIndex((option) => option.checked),
    ),
  );
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[data-active=true]")?.scrollIntoView({ block: "nearest" });
  });
  const close = () => {
    client.setState({ picker: null });
    (before?.isConnected ? before : root).focus({ preventScroll: true });
  };
  useCloseOutside(() => client.setState({ picker: null }));
  const choose = (option: PickerOption | undefined) => {
    if (option === undefined) return;
    close();
    picker.onChoose(option.id);
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
    <div className="nb-palette nb-picker" data-testid="nb-picker">
      <p className="nb-picker-title">{picker.title}</p>
      <SearchField
        title={picker.title}
        query={query}
        active={found[active]}
        onKeyDown={onKeyDown}
        onChange={(text) => {
          setQuery(text);
          setActive(0);
        }}
      />
      <div ref={list} id="nb-picker-list" className="nb-palette-list nowheel" role="listbox" aria-label={picker.title}>
        {found.slice(0, MOST_SHOWN).map((option, index) => (
          <Option
            key={option.id}
            option={option}
            active={index === active}
            onPoint={() => setActive(index)}
            onChoose={() => choose(option)}
          />
        ))}
        {found.length === 0 && (
          <div role="option" aria-selected="false" aria-disabled="true" tabIndex={-1} className="nb-menu-empty">
            {picker.options.length === 0 ? picker.empty : `Nothing fits “${query}”.`}
          </div>
        )}
      </div>
    </div>
  );
}

interface FieldProps {
  readonly title: string;
  readonly query: string;
  readonly active: PickerOption | undefined;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onChange: (text: string) => void;
}

/** Has the keyboard all the time. */
function SearchField({ title, query, active, onKeyDown, onChange }: FieldProps) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  return (
    <input
      ref={field}
      className="nb-palette-search"
      role="combobox"
      aria-expanded="true"
      aria-controls="nb-picker-list"
      aria-activedescendant={active && optionId(active)}
      aria-label={title}
      placeholder="Search"
      value={query}
      spellCheck={false}
      onKeyDown={onKeyDown}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function optionId(option: PickerOption): string {
  return `nb-pick-${encodeURIComponent(option.id)}`;
}

/** Several options may read the same: they keep their order. */
function findOptions({ options, typed }: PickerState, query: string): readonly PickerOption[] {
  if (query.trim() === "") return options;
  const byText = new Map<string, PickerOption[]>();
  for (const option of options) {
    const text = `${option.title} ${option.detail ?? ""}`;
    byText.set(text, [...(byText.get(text) ?? []), option]);
  }
  const found = searchOptions(query, [...byText.keys()]).flatMap((text) => byText.get(text) ?? []);
  const own = typed?.(query.trim()) ?? null;
  return own === null ? found : [own, ...found];
}

interface OptionProps {
  readonly option: PickerOption;
  readonly active: boolean;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

function Option({ option, active, onPoint, onChoose }: OptionProps) {
  const { id, title, detail, swatch, checked } = option;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the search field keeps the focus
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the search field
    <div
      id={optionId(option)}
      role="option"
      aria-selected={active}
      aria-checked={checked}
      data-active={active}
      data-option={id}
      className="nb-option nb-picker-option"
      onPointerMove={onPoint}
      onClick={onChoose}
    >
      {swatch !== undefined && <span className="nb-dot" style={{ background: swatch }} />}
      <span className="nb-picker-name">{title}</span>
      {detail !== undefined && <span className="nb-muted">{detail}</span>}
      {checked && <TickIcon />}
    </div>
  );
}

function useCloseOutside(close: () => void): void {
  const { root } = useEditor();
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const controller = new AbortController();
    const onPointerDown = (event: Event) => {
      const inside = event.composedPath().some((one) => one instanceof Element && one.matches(".nb-picker"));
      if (!inside) latest.current();
    };
    root.ownerDocument.addEventListener("pointerdown", onPointerDown, { capture: true, signal: controller.signal });
    return () => controller.abort();
  }, [root]);
}
