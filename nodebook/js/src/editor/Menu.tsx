import { Fragment, type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { MenuState, SubMenu } from "../state/client";
import { commandOf } from "./commands";
import { chordText } from "./commands/chords";
import { useCommand } from "./commands/useCommand";
import { useClient, useEditor } from "./context";
import { NextIcon, PreviousIcon, TickIcon } from "./icons";

const MARGIN_PX = 4;
const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** The open menu of commands, if one is. */
export function Menu() {
  const menu = useClient((state) => state.menu);
  return menu === null ? null : <OpenMenu key={`${menu.at.x},${menu.at.y}`} menu={menu} />;
}

/** A menu inside it takes its place: Enter or the right arrow goes in, the left one comes back. */
function OpenMenu({ menu }: { readonly menu: MenuState }) {
  const { client, root } = useEditor();
  const box = useRef<HTMLDivElement>(null);
  const [inside, setInside] = useState<SubMenu | null>(null);
  const items = inside?.items ?? menu.items;
  const close = () => {
    client.setState({ menu: null });
    (menu.returnTo?.isConnected ? menu.returnTo : root).focus({ preventScroll: true });
  };
  useInside(box, menu, inside, root);
  useCloseOutside(box, () => client.setState({ menu: null }));
  const onKeyDown = useMenuKeys(box, close, inside === null ? null : () => setInside(null));
  return (
    <div
      ref={box}
      className="nb-popup nb-menu"
      role="menu"
      aria-label={inside?.title ?? "Menu"}
      tabIndex={-1}
      data-testid="nb-menu"
      onKeyDown={onKeyDown}
    >
      {inside !== null && (
        <>
          <MenuButton title={inside.title} icon={<PreviousIcon />} submenu="back" onChoose={() => setInside(null)} />
          <hr className="nb-menu-line" />
        </>
      )}
      {items.map((part, index) => (
        <Fragment key={part.map((entry) => (typeof entry === "string" ? entry : entry.title)).join()}>
          {index > 0 && <hr className="nb-menu-line" />}
          {part.map((entry) =>
            typeof entry === "string" ? (
              <Item key={entry} id={entry} close={close} />
            ) : (
              <MenuButton key={entry.title} title={entry.title} submenu="into" onChoose={() => setInside(entry)} />
            ),
          )}
        </Fragment>
      ))}
    </div>
  );
}

interface MenuButtonProps {
  readonly title: string;
  readonly icon?: ReactNode;
  readonly submenu: "into" | "back";
  readonly onChoose: () => void;
}

/** The way into a menu inside the menu, or back. */
function MenuButton({ title, icon, submenu, onChoose }: MenuButtonProps) {
  return (
    <button
      type="button"
      className="nb-menu-item"
      role="menuitem"
      aria-haspopup={submenu === "into" ? "menu" : undefined}
      aria-label={submenu === "back" ? `Back from ${title}` : title}
      data-submenu={title}
      tabIndex={-1}
      onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
      onClick={onChoose}
    >
      <span className="nb-menu-icon">{icon}</span>
      <span className="nb-menu-title">{title}</span>
      {submenu === "into" && <NextIcon />}
    </button>
  );
}

/** Up and down, into a menu inside and `back`, and to what is typed. */
function useMenuKeys(box: React.RefObject<HTMLDivElement | null>, close: () => void, back: (() => void) | null) {
  const typed = useTypeahead();
  return (event: KeyboardEvent) => {
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:enabled") ?? [])];
    const here = (event.target as Element).closest("button");
    const at = buttons.indexOf(here as HTMLElement);
    const move = MOVES[event.key];
    if (move !== undefined) buttons[(at + move + buttons.length) % buttons.length]?.focus();
    else if (event.key === "Home") buttons[0]?.focus();
    else if (event.key === "End") buttons.at(-1)?.focus();
    else if (event.key === "ArrowRight" && here?.ariaHasPopup === "menu") here.click();
    else if (event.key === "ArrowLeft" && back !== null) back();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (isLetter(event)) typed(event.key, buttons, at)?.focus();
    else return;
    event.preventDefault();
  };
}

function isLetter(event: KeyboardEvent): boolean {
  return event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
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
function useInside(
  box: React.RefObject<HTMLDivElement | null>,
  { at }: MenuState,
  inside: SubMenu | null,
  root: HTMLElement,
): void {
  const from = useRef<SubMenu | null>(null);
  useLayoutEffect(() => {
    const menu = box.current;
    if (menu === null) return;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.maxHeight = `${root.clientHeight - 2 * MARGIN_PX}px`;
    menu.style.left = `${Math.max(MARGIN_PX, Math.min(at.x, root.clientWidth - width - MARGIN_PX))}px`;
    menu.style.top = `${Math.max(MARGIN_PX, Math.min(at.y, root.clientHeight - height - MARGIN_PX))}px`;
    // Inside, the first item is the way back: the keyboard goes to what is offered. Coming back, to where it went in.
    const came =
      from.current === null ? null : menu.querySelector<HTMLElement>(`[data-submenu="${from.current.title}"]`);
    const items = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]:enabled")];
    const first = inside === null ? (came ?? items[0]) : (items[1] ?? items[0]);
    from.current = inside;
    (first ?? menu).focus({ preventScroll: true });
  }, [box, at, inside, root]);
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
