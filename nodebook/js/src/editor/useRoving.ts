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
  const { signal } = controller;
  let current: HTMLElement | null = null;
  /** The button that has the keyboard, and whether it came there by keys. */
  let holder: HTMLElement | null = null;
  let byKeys = false;

  const items = () => [...toolbar.querySelectorAll<HTMLElement>("button")];
  const usable = () => items().filter((item) => !(item as HTMLButtonElement).disabled);
  const setCurrent = (item: HTMLElement | null) => {
    current = item;
    for (const one of items()) one.tabIndex = one === item ? 0 : -1;
  };
  const refresh = () => {
    const able = usable();
    if (current !== null && able.includes(current)) return setCurrent(current);
    const next = neighbour(items(), able, current);
    const lost = current !== null && current === holder;
    setCurrent(next);
    // A button that can no longer be pressed would take the keyboard with it.
    if (lost) (byKeys ? next : toolbar.closest<HTMLElement>(".nb-editor"))?.focus({ preventScroll: true });
  };

  toolbar.addEventListener(
    "focusin",
    (event) => {
      const item = (event.target as Element).closest<HTMLElement>("button");
      holder = item;
      byKeys = item?.matches(":focus-visible") ?? false;
      if (item !== null) setCurrent(item);
    },
    { signal },
  );
  toolbar.addEventListener(
    "focusout",
    (event) => {
      if (event.relatedTarget !== null) holder = null;
    },
    { signal },
  );
  toolbar.addEventListener(
    "keydown",
    (event) => {
      const able = usable();
      const at = able.indexOf(event.target as HTMLElement);
      const move = MOVES[event.key];
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const next = event.key === "Home" ? able[0] : event.key === "End" ? able.at(-1) : null;
      const target = next ?? (move === undefined ? undefined : able[(at + move + able.length) % able.length]);
      if (target === undefined) return;
      target.focus({ preventScroll: true });
      event.preventDefault();
    },
    { signal },
  );
  const observer = new MutationObserver(refresh);
  observer.observe(toolbar, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  refresh();
  return () => {
    observer.disconnect();
    controller.abort();
  };
}

/** The usable item nearest to one that is not, or the first. */
function neighbour(all: readonly HTMLElement[], able: readonly HTMLElement[], item: HTMLElement | null) {
  const at = item === null ? -1 : all.indexOf(item);
  if (at < 0) return able[0] ?? null;
  return all.slice(0, at).findLast((one) => able.includes(one)) ?? able[0] ?? null;
}
