/** What the palette offers, in which order and under which headings. */
import { type Conversion, findConversions } from "../../graph/conversions";
import { portFor } from "../../graph/fitting";
import { offeredTypes as allOffered, type NodeTypeInfo } from "../../graph/library";
import { replacementsOf } from "../../graph/replace";
import { aliasFor, searchTitles, searchTypes } from "../../graph/search";
import type { PaletteState } from "../../state/client";
import type { KernelState } from "../../state/kernel";
import type { Remembered } from "../../state/remembered";
import type { Command } from "../commands/types";

export interface PaletteItem {
  readonly key: string;
  readonly title: string;
  /** In faint letters behind the title. */
  readonly note: string;
  /** The heading above it; items of one heading follow each other. */
  readonly heading: string | null;
  readonly type?: NodeTypeInfo;
  readonly conversion?: Conversion;
  readonly command?: Command;
}

export type PaletteSource = Pick<KernelState, "document" | "library">;

const COMMANDS_ONLY = ">";
const MOST_COMMANDS = 5;
const LETTERS_FOR_COMMANDS = 2;
const LIKING = { favourite: 8, recent: 4 };

export function paletteItems(
  query: string,
  palette: PaletteState,
  source: PaletteSource,
  liked: Remembered,
  commands: readonly Command[],
): PaletteItem[] {
  if (palette.convert !== undefined) return conversionItems(query, palette.convert, source);
  if (query.startsWith(COMMANDS_ONLY) && isForAnything(palette)) {
    return searchTitles(query.slice(1), commands).map((command) => commandItem(command, null));
  }
  const types = offeredTypes(palette, source);
  if (query.trim() === "") return groupedItems(types, liked);
  const liking = (name: string) =>
    (liked.favourites.includes(name) ? LIKING.favourite : 0) + (liked.recent.includes(name) ? LIKING.recent : 0);
  const found = searchTypes(query, types, liking).map((type) => typeItem(type, null, noteOf(query, type)));
  if (!isForAnything(palette) || query.trim().length < LETTERS_FOR_COMMANDS) return found;
  const matching = searchTitles(query, commands.filter(hasWords(query))).slice(0, MOST_COMMANDS);
  return [...found, ...matching.map((command) => commandItem(command, "Commands"))];
}

function isForAnything({ wire, replace, convert }: PaletteState): boolean {
  return wire === null && replace === undefined && convert === undefined;
}

export function offeredTypes({ wire, replace }: PaletteState, { document, library }: PaletteSource): NodeTypeInfo[] {
  if (replace !== undefined) return replacementsOf(document, library, replace);
  const types = allOffered(library);
  return wire === null ? types : types.filter((type) => portFor(type, wire, library.adapters) !== undefined);
}

/** Favourites, then what was used last, then all by category. */
function groupedItems(types: readonly NodeTypeInfo[], { favourites, recent }: Remembered): PaletteItem[] {
  const byName = new Map(types.map((type) => [type.name, type]));
  const pick = (names: readonly string[], heading: string) =>
    names.flatMap((name) => {
      const type = byName.get(name);
      return type === undefined ? [] : [{ ...typeItem(type, heading, ""), key: `${heading}/${name}` }];
    });
  const known = new Set(favourites);
  return [
    ...pick([...favourites].reverse(), "Favourites"),
    ...pick(
      recent.filter((name) => !known.has(name)),
      "Recent",
    ),
    ...searchTypes("", types).map((type) => typeItem(type, type.category || "other", "")),
  ];
}

function conversionItems(
  query: string,
  link: NonNullable<PaletteState["convert"]>,
  { document, library }: PaletteSource,
): PaletteItem[] {
  const found = findConversions(document, library, link).map((conversion) => ({
    ...typeItem(conversion.type, null, linkWords(conversion)),
    conversion,
  }));
  return searchTitles(query, found);
}

function linkWords({ links }: Conversion): string {
  const names = Object.keys(links);
  return names.length === 0 ? "" : `links ${names.join(" and ")} too`;
}

function typeItem(type: NodeTypeInfo, heading: string | null, note: string): PaletteItem {
  return { key: type.name, title: type.title, note, heading, type };
}

function commandItem(command: Command, heading: string | null): PaletteItem {
  return { key: `>${command.id}`, title: command.title, note: command.section, heading, command };
}

function noteOf(query: string, type: NodeTypeInfo): string {
  const alias = aliasFor(query, type);
  return alias === undefined ? type.category : `also: ${alias}`;
}

/** Among nodes only those commands are offered whose words were typed, not their scattered letters. */
function hasWords(query: string): (command: Command) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ title }) => words.every((word) => title.toLowerCase().includes(word));
}
