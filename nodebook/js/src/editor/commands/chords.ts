/** Keys with modifiers as text: `Mod+Shift+Z`. */

const isMac = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? "");

type KeyLike = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey"> & { readonly code?: string };

/** Shift counts for letters and named keys; with signs it is only how the sign is typed. */
export function chordOf(event: KeyLike): string {
  // With Alt a Mac types another letter ("¬" for L): then it is the key that counts.
  const letter = event.altKey && !/^[a-z]$/i.test(event.key) ? /^Key([A-Z])$/.exec(event.code ?? "")?.[1] : undefined;
  const key = letter ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const isSign = key.length === 1 && key.toLowerCase() === key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && !isSign) parts.push("Shift");
  parts.push(key === " " ? "Space" : key);
  return parts.join("+");
}

const MAC_SIGNS: Readonly<Record<string, string>> = { Mod: "⌘", Alt: "⌥", Shift: "⇧" };
const NAMES: Readonly<Record<string, string>> = {
  Mod: "Ctrl",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Delete: "Del",
};

/** How a chord is shown to a person. */
export function chordText(chord: string, mac: boolean = isMac): string {
  const signs: Readonly<Record<string, string>> = mac ? { ...NAMES, ...MAC_SIGNS } : NAMES;
  // The plus key itself would be taken for a separator.
  const parts = chord.split(/\+(?=.)/).map((part) => signs[part] ?? part);
  return parts.join(mac ? "" : "+");
}
