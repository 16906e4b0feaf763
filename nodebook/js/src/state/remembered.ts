/** What this browser remembers for all graphs: favourite and recent node types, how the lasso selects. */
import { createStore, type StoreApi } from "zustand/vanilla";

export interface Remembered {
  /** Names of node types, the newest last. */
  readonly favourites: readonly string[];
  /** Names of node types, the newest first. */
  readonly recent: readonly string[];
  /** The lasso selects what it touches, not only what lies in it whole. */
  readonly touch: boolean;
}

export interface RememberedStore extends StoreApi<Remembered> {
  /** Read again: another notebook may have written. */
  refresh(): void;
  toggleFavourite(type: string): void;
  used(type: string): void;
  setTouch(touch: boolean): void;
}

const KEY = "nodebook";
const MOST_RECENT = 8;
const NOTHING: Remembered = { favourites: [], recent: [], touch: true };

type Storage_ = Pick<Storage, "getItem" | "setItem">;

/** `storage` may be refused, full, or hold anything: then it is remembered until the page is closed. */
export function createRemembered(storage: () => Storage_): RememberedStore {
  const store = createStore<Remembered>(() => read(storage) ?? NOTHING);
  const write = (change: Partial<Remembered>) => {
    store.setState(change);
    try {
      storage().setItem(KEY, JSON.stringify(store.getState()));
    } catch {
      // Kept in the page alone.
    }
  };
  const refresh = () => {
    const found = read(storage);
    if (found !== null && JSON.stringify(found) !== JSON.stringify(store.getState())) store.setState(found);
  };
  return {
    ...store,
    refresh,
    toggleFavourite(type) {
      refresh();
      const { favourites } = store.getState();
      const rest = favourites.filter((name) => name !== type);
      write({ favourites: rest.length < favourites.length ? rest : [...rest, type] });
    },
    used(type) {
      refresh();
      const rest = store.getState().recent.filter((name) => name !== type);
      write({ recent: [type, ...rest].slice(0, MOST_RECENT) });
    },
    setTouch: (touch) => write({ touch }),
  };
}

function read(storage: () => Storage_): Remembered | null {
  try {
    const held: unknown = JSON.parse(storage().getItem(KEY) ?? "null");
    if (typeof held !== "object" || held === null) return null;
    const { favourites, recent, touch } = held as Partial<Record<keyof Remembered, unknown>>;
    return { favourites: names(favourites), recent: names(recent), touch: touch !== false };
  } catch {
    return null;
  }
}

function names(held: unknown): string[] {
  return Array.isArray(held) ? held.filter((name): name is string => typeof name === "string") : [];
}

/** One for all views in a page. */
export const remembered: RememberedStore = createRemembered(() => globalThis.localStorage);
