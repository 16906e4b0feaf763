/** A thing that can be done to the editor: by its keys, from a menu, from the toolbar, and listed in the help sheet. */
import type { ReactNode } from "react";
import type { EditorContextValue } from "../context";

/** The headings of the help sheet, in its order. */
export const SECTIONS = ["Run", "Add", "Edit", "Select", "Arrange", "View"] as const;
export type Section = (typeof SECTIONS)[number];

/**
 * Where the keys count. `canvas`: not while a field or a button has the focus, which use plain keys themselves.
 * `controls`: on buttons too, but not where text is typed. `anywhere`: while typing too.
 */
export type Where = "canvas" | "controls" | "anywhere";

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly section: Section;
  /** As `Mod+Shift+Z`; `Mod` is Ctrl, or Cmd on a Mac. */
  readonly keys?: readonly string[];
  /** What the help sheet says instead of the keys, where they are many. */
  readonly keysText?: string;
  /** Left out: `controls` for keys with Mod, else `canvas`. */
  readonly where?: Where;
  /** The browser's own keys for it count (copy, cut, paste): the editor hears of them as events. */
  readonly native?: boolean;
  readonly icon?: () => ReactNode;
  /** What to say of it now: "Undo Move Blur". Left out: the title. */
  readonly label?: (editor: EditorContextValue) => string;
  /** Whether it can be done now. Looked at often: keep it cheap. */
  readonly enabled?: (editor: EditorContextValue) => boolean;
  /** For what is on or off: menus show a tick. */
  readonly checked?: (editor: EditorContextValue) => boolean;
  /** `event`: the key that asked for it, if a key did. */
  readonly run: (editor: EditorContextValue, event?: KeyboardEvent) => void;
}
