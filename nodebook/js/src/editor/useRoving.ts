/** One stop for Tab in a toolbar; arrows, Home and End go from button to button. */
import { type RefObject, useEffect } from "react";

const MOVES: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

export function useRoving(bar: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const toolbar = bar.current;
    return toolbar === null ? undefined : installRoving(toolbar);
  }, [bar]);
}

/** Works on the page, not on components: whoever puts a button into the toolbar need not know of it. */
function installRoving(toolbar: HTMLElement): () => void {
  const controller = new AbortController();
  const listen = { signal: controller.signal };
  let current: HTMLElement | null = null;
  /** The button that has the keyboard, and whether it came there by keys. */
  let holder: HTMLElement | null = null;
  let byKeys = false;

  const setCurrent = (item: HTMLElement | null) => {
    current = item;
    for (const one of itemsOf(toolbar)) one.tabIndex = one === item ? 0 : -1;
  };
  const refresh = () => {
    const able = usableIn(toolbar);
    if (current !== null && able.includes(current)) return setCurrent(current);
    const next = neighbour(itemsOf(toolbar), able, current);
    const lost = current !== null && current === holder;
    setCurrent(next);
    // A button that can no longer be pressed would take the keyboard with it.
    if (lost) (byKeys ? next : toolbar.closest<HTMLElement>(".nb-editor"))?.focus({ preventScroll: true });
  };
  const onFocusIn = (event: FocusEvent) => {
    const item = (event.target as Element).closest<HTMLElement>("button");
    holder = item;
    byKeys = item?.matches(":focus-visible") ?? false;
    if (item !== null) setCurrent(item);
  };
  const onFocusOut = (event: FocusEvent) => {
    if (event.relatedTarget !== null) holder = null;
  };

  toolbar.addEventListener("focusin", onFocusIn, listen);
  toolbar.addEventListener("focusout", onFocusOut, listen);
  toolbar.addEventListener("keydown", (event) => onKey(event, usableIn(toolbar)), listen);
  const observer = new MutationObserver(refresh);
  observer.observe(toolbar, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  refresh();
  return () => {
    observer.disconnect();
    controller.abort();
  };
}

function itemsOf(toolbar: HTMLElement): HTMLButtonElement[] {
  return [...toolbar.querySelectorAll("button")];
}

function usableIn(toolbar: HTMLElement): HTMLElement[] {
  return itemsOf(toolbar).filter((item) => !item.disabled);
}

function onKey(event: KeyboardEvent, able: readonly HTMLElement[]): void {
  const at = able.indexOf(event.target as HTMLElement);
  if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const move = MOVES[event.key];
  const edge = event.key === "Home" ? able[0] : event.key === "End" ? able.at(-1) : undefined;
  const target = edge ?? (move === undefined ? undefined : able[(at + move + able.length) % able.length]);
  if (target === undefined) return;
  target.focus({ preventScroll: true });
  event.preventDefault();
}

/** The usable item nearest to one that is not, or the first. */
function neighbour(all: readonly HTMLElement[], able: readonly HTMLElement[], item: HTMLElement | null) {
  const at = item === null ? -1 : all.indexOf(item);
  if (at < 0) return able[0] ?? null;
  return all.slice(0, at).findLast((one) => able.includes(one)) ?? able[0] ?? null;
}
