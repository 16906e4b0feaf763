/** All commands. A new one is added to the list of its section, and is then in the help sheet and at its keys. */
import type { EditorContextValue } from "../context";
import { PANEL_COMMANDS } from "../panels";
import { WATCH_RUN_COMMANDS, WATCH_VIEW_COMMANDS } from "../watch/commands";
import { ADD_COMMANDS } from "./add";
import { ARRANGE_COMMANDS } from "./arrange";
import { chordText } from "./chords";
import { CLIPBOARD_COMMANDS } from "./clipboard";
import { EDIT_COMMANDS } from "./edit";
import { FIND_COMMANDS } from "./find";
import { GO_COMMANDS } from "./go";
import { LOOK_COMMANDS } from "./look";
import { ORGANISE_COMMANDS } from "./organise";
import { RUN_COMMANDS } from "./run";
import { SELECT_COMMANDS } from "./select";
import type { Command, Where } from "./types";
import { VIEW_COMMANDS } from "./view";

export const COMMANDS: readonly Command[] = [
  ...RUN_COMMANDS,
  ...WATCH_RUN_COMMANDS,
  ...ADD_COMMANDS,
  ...EDIT_COMMANDS,
  ...CLIPBOARD_COMMANDS,
  ...FIND_COMMANDS,
  ...SELECT_COMMANDS,
  ...GO_COMMANDS,
  ...ARRANGE_COMMANDS,
  ...ORGANISE_COMMANDS,
  ...LOOK_COMMANDS,
  ...VIEW_COMMANDS,
  ...WATCH_VIEW_COMMANDS,
  ...PANEL_COMMANDS,
];

const byId = new Map(COMMANDS.map((command) => [command.id, command]));
const byKeys = new Map(COMMANDS.flatMap((command) => (command.keys ?? []).map((keys) => [keys, command] as const)));

/** Throws for an id that no command has. */
export function commandOf(id: string): Command {
  const command = byId.get(id);
  if (command === undefined) throw new Error(`There is no command ${id}.`);
  return command;
}

export function commandAt(chord: string): Command | undefined {
  return byKeys.get(chord);
}

export function whereOf(command: Command, chord: string): Where {
  return command.where ?? (chord.startsWith("Mod+") ? "controls" : "canvas");
}

export function isEnabled(command: Command, editor: EditorContextValue): boolean {
  return command.enabled?.(editor) ?? true;
}

/** What to call it now, with its keys: "Undo Move Blur (Ctrl+Z)". */
export function commandLabel(command: Command, editor: EditorContextValue): string {
  const label = command.label?.(editor) ?? command.title;
  const [keys] = command.keys ?? [];
  return keys === undefined ? label : `${label} (${chordText(keys)})`;
}
