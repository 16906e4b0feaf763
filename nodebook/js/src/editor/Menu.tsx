import { Fragment, type KeyboardEvent, useEffect, useLayoutEffect, useRef } from "react";
import type { MenuState } from "../state/client";
import { commandOf } from "./commands";
import { chordText } from "./commands/chords";
import { useCommand } from "./commands/useCommand";
import { useClient, useEditor } from "./context";
import { TickIcon } from "./icons";

const MARGIN_PX = 4;
const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** The open menu of commands, if one is. */
export function Menu() {
  const menu = useClient((state) => state.menu);
  return menu === null ? null : <OpenMenu key={`${menu.at.x},${menu.at.y}`} menu={menu} />;
}

function OpenMenu({ menu }: { readonly menu: MenuState }) {
  const { client, root } = useEditor();
  const box = useRef<HTMLDivElement>(null);
  const close = () => {
    client.setState({ menu: null });
    (menu.returnTo?.isConnected ? menu.returnTo : root).focus({ preventScroll: true });
  };
  const typed = useTypeahead();
  useInside(box, menu, root);
  useCloseOutside(box, () => client.setState({ menu: null }));
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:enabled") ?? [])];
    const at = items.indexOf((event.target as Element).closest("button") as HTMLElement);
    const move = MOVES[event.key];
    if (move !== undefined) items[(at + move + items.length) % items.length]?.focus();
    else if (event.key === "Home") items[0]?.focus();
    else if (event.key === "End") items.at(-1)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey)
      typed(event.key, items, at)?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div ref={box} className="nb-popup nb-menu" role="menu" tabIndex={-1} data-testid="nb-menu" onKeyDown={onKeyDown}>
      {menu.items.map((part, index) => (
        <Fragment key={part.join()}>
          {index > 0 && <hr className="nb-menu-line" />}
          {part.map((id) => (
            <Item key={id} id={id} close={close} />
          ))}
        </Fragment>
      ))}
    </div>
  );
}

const TYPEAHEAD_MS = 700;

/** The item whose title begins with what was typed; the same letter again goes on to the next one. */
function useTypeahead() {
  const state = useRef({ text: "", at: 0 });
  return (key: string, items: readonly HTMLElement[], from: number): HTMLElement | undefined => {
    const now = performance.now();
    const before = now - state.current.at < TYPEAHEAD_MS ? state.current.text : "";
    const text = before === key ? key : before + key.toLowerCase();
    state.current = { text, at: now };
    const start = text.length === 1 ? from + 1 : Math.max(0, from);
    const order = [...items.slice(start), ...items.slice(0, start)];
    return order.find((item) => item.querySelector(".nb-menu-title")?.textContent?.toLowerCase().startsWith(text));
  };
}

function Item({ id, close }: { readonly id: string; readonly close: () => void }) {
  const { enabled, checked, run } = useCommand(id);
  const { title, keys, icon: CommandIcon } = commandOf(id);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: an item that has a tick has the role for it
    <button
      type="button"
      className="nb-menu-item"
      role={checked === undefined ? "menuitem" : "menuitemcheckbox"}
      aria-checked={checked}
      data-command={id}
      disabled={!enabled}
      tabIndex={-1}
      onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
      onClick={() => {
        close();
        run();
      }}
    >
      <span className="nb-menu-icon">{checked ? <TickIcon /> : CommandIcon && <CommandIcon />}</span>
      <span className="nb-menu-title">{title}</span>
      {keys?.[0] && <kbd className="nb-muted">{chordText(keys[0])}</kbd>}
    </button>
  );
}

/** Keep the whole menu inside the editor, and give it the keyboard. */
function useInside(box: React.RefObject<HTMLDivElement | null>, { at }: MenuState, root: HTMLElement): void {
  useLayoutEffect(() => {
    const menu = box.current;
    if (menu === null) return;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.maxHeight = `${root.clientHeight - 2 * MARGIN_PX}px`;
    menu.style.left = `${Math.max(MARGIN_PX, Math.min(at.x, root.clientWidth - width - MARGIN_PX))}px`;
    menu.style.top = `${Math.max(MARGIN_PX, Math.min(at.y, root.clientHeight - height - MARGIN_PX))}px`;
    const first = menu.querySelector<HTMLElement>("[role^=menuitem]:enabled");
    (first ?? menu).focus({ preventScroll: true });
  }, [box, at, root]);
}

function useCloseOutside(box: React.RefObject<HTMLDivElement | null>, close: () => void): void {
  const { root } = useEditor();
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const controller = new AbortController();
    const onPointerDown = (event: Event) => {
      if (box.current && !event.composedPath().includes(box.current)) latest.current();
    };
    const options = { capture: true, signal: controller.signal };
    root.ownerDocument.addEventListener("pointerdown", onPointerDown, options);
    root.addEventListener("wheel", onPointerDown, { ...options, passive: true });
    return () => controller.abort();
  }, [root, box]);
}
