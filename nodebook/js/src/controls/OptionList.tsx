import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { searchOptions } from "../graph/search";

const SEARCH_FROM = 8;

interface Props {
  readonly label: string;
  readonly options: readonly (string | number)[];
  readonly files?: string | undefined;
  readonly selected: unknown;
  readonly onChoose: (option: string | number) => void;
  readonly onClose: () => void;
}

/** The open menu of a choice: type to search, arrows and Enter to choose, Esc to leave. */
export function OptionList({ label, options, files, selected, onChoose, onClose }: Props) {
  const [query, setQuery] = useState("");
  const found = searchOptions(query, options);
  const [active, setActive] = useState(() => Math.max(0, options.indexOf(selected as string)));
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => search.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const move = (by: number) => setActive((at) => (at + by + found.length) % Math.max(1, found.length));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") found[active] !== undefined && onChoose(found[active]);
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys reach it from the search field inside
    <div className="nb-menu" onKeyDown={onKeyDown}>
      <input
        ref={search}
        className="nb-menu-search"
        data-short={options.length < SEARCH_FROM}
        role="combobox"
        aria-expanded="true"
        aria-controls="nb-options"
        aria-label={`Search ${label}`}
        placeholder="Search"
        value={query}
        spellCheck={false}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
      />
      <div ref={list} id="nb-options" className="nb-menu-list nowheel" role="listbox" aria-label={label}>
        {found.map((option, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the search field keeps the focus
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the list
          <div
            key={String(option)}
            role="option"
            title={String(option)}
            aria-selected={option === selected}
            data-active={index === active}
            className="nb-option"
            onPointerMove={() => setActive(index)}
            onClick={() => onChoose(option)}
          >
            {String(option)}
          </div>
        ))}
        {found.length === 0 && <div className="nb-menu-empty">{emptyWords(query, options.length, files)}</div>}
      </div>
    </div>
  );
}

function emptyWords(query: string, count: number, files: string | undefined): string {
  if (count > 0 || files === undefined) return `Nothing fits “${query}”`;
  return `The ${files} folder holds no files yet`;
}
