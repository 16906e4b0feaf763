/** What a person likes in this browser, whatever the graph. Kept in localStorage where the page may use it. */

export interface Preferences {
  /** Dragged cards stand on a grid. */
  readonly snap: boolean;
  /** Dragged cards are drawn to the edges and middles of others. */
  readonly guides: boolean;
  /** Null: shown from a number of nodes on. */
  readonly minimap: boolean | null;
}

const KEY = "nodebook.preferences";
const DEFAULTS: Preferences = { snap: false, guides: true, minimap: null };

export function loadPreferences(): Preferences {
  try {
    const stored: unknown = JSON.parse(globalThis.localStorage?.getItem(KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? { ...DEFAULTS, ...known(stored) } : DEFAULTS;
  } catch {
    return DEFAULTS; // storage is refused, or holds something else
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    globalThis.localStorage?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is refused or full: they hold until the page goes.
  }
}

function known(stored: object): Partial<Preferences> {
  const kept = Object.entries(stored).filter(
    ([name, value]) => Object.hasOwn(DEFAULTS, name) && typeof value === "boolean",
  );
  return Object.fromEntries(kept);
}
