/**
 * Fuzzy search over node types: typed letters must occur in order; words and beginnings count more. Whole words, or
 * pieces of them, may also come in any order.
 */
import type { NodeTypeInfo } from "./library";

const START_OF_WORD = 8;
const NEXT_TO_LAST = 6;
const GAP_COST = 0.2;
const EXACT = 100;
const PREFIX = 40;
const WORD_PREFIX = 20;
const SUBSTRING = 8;
const ANY_ORDER_WEIGHT = 0.8;

/** How well `query` matches `text`; null where its letters do not occur in order. Higher is better. */
export function matchScore(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, "");
  const letters = text.toLowerCase();
  let score = 0;
  let last = -1;
  for (let index = 0; index < wanted.length; index += 1) {
    const at = placeOf(wanted, index, text, letters, last + 1);
    if (at < 0) return null;
    score += 1;
    if (at === last + 1) score += NEXT_TO_LAST;
    if (isWordStart(text, at)) score += START_OF_WORD;
    score -= GAP_COST * (at - last - 1);
    last = at;
  }
  return (
    score + wholeBonus(query.trim().toLowerCase(), text, letters) - GAP_COST * Math.max(0, letters.length - last - 1)
  );
}

/** Where the letter goes: right here, else at a word start from which the rest still follows, else at its next place. */
function placeOf(wanted: string, index: number, text: string, letters: string, from: number): number {
  const letter = wanted[index] as string;
  const found = letters.indexOf(letter, from);
  if (found <= from) return found;
  for (let at = found; at >= 0; at = letters.indexOf(letter, at + 1)) {
    if (isWordStart(text, at) && follows(wanted, index + 1, letters, at + 1)) return at;
  }
  return found;
}

function follows(wanted: string, index: number, letters: string, from: number): boolean {
  let position = from;
  for (const letter of wanted.slice(index)) {
    const found = letters.indexOf(letter, position);
    if (found < 0) return false;
    position = found + 1;
  }
  return true;
}

function wholeBonus(query: string, text: string, letters: string): number {
  if (letters === query) return EXACT;
  if (letters.startsWith(query)) return PREFIX;
  const at = letters.indexOf(query);
  if (at < 0) return 0;
  return isWordStart(text, at) ? WORD_PREFIX : SUBSTRING;
}

function isWordStart(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text[at - 1] as string;
  const here = text.slice(at, at + 2);
  return /[\s/_\-.()]/.test(before) || (/^[A-Z]/.test(here) && (/[a-z0-9]/.test(before) || /^.[a-z]/.test(here)));
}

const NAME_WEIGHT = 0.9;
const CATEGORY_WEIGHT = 0.3;

function typeScore(query: string, type: NodeTypeInfo): number | null {
  return better(
    orderedScore(query, type),
    anyOrderScore(query, (word) => orderedScore(word, type), fieldsOf(type)),
  );
}

/** Every word occurs as it was typed in one of the texts, wherever. Null for a single word: its letters say it all. */
function anyOrderScore(
  query: string,
  scoreOf: (word: string) => number | null,
  texts: readonly string[],
): number | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length < 2 || !words.every((word) => texts.some((text) => text.toLowerCase().includes(word)))) return null;
  return words.reduce((sum, word) => sum + (scoreOf(word) ?? 0), 0) * ANY_ORDER_WEIGHT;
}

function better(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function fieldsOf(type: NodeTypeInfo): string[] {
  return [type.title, type.name, type.category, ...(type.aliases ?? [])];
}

function orderedScore(query: string, type: NodeTypeInfo): number | null {
  const scores = [
    matchScore(query, type.title),
    scaled(matchScore(query, type.name), NAME_WEIGHT),
    ...(type.aliases ?? []).map((alias) => scaled(matchScore(query, alias), NAME_WEIGHT)),
    scaled(matchScore(query, `${type.category} ${type.title}`), CATEGORY_WEIGHT),
  ].filter((score) => score !== null);
  return scores.length > 0 ? Math.max(...scores) : null;
}

function scaled(score: number | null, weight: number): number | null {
  return score === null ? null : score * weight;
}

const LETTERS_THAT_SAY_ENOUGH = 3;

function wordsOf(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

function saysEnough(words: readonly string[]): boolean {
  return words.join("").length >= LETTERS_THAT_SAY_ENOUGH;
}

/** Whether every typed word stands in the type as it was typed. Where one has it so, scattered letters are noise. */
function hasTogether(words: readonly string[], type: NodeTypeInfo): boolean {
  const texts = fieldsOf(type).map((text) => text.toLowerCase());
  return saysEnough(words) && words.every((word) => texts.some((text) => text.includes(word)));
}

/** Whether every typed word begins a word of what the type says about itself. */
function isDescribed(words: readonly string[], type: NodeTypeInfo): boolean {
  if (!saysEnough(words)) return false;
  const texts = [...fieldsOf(type), type.description ?? ""].map((text) => text.toLowerCase());
  return words.every((word) => texts.some((text) => beginsWord(word, text)));
}

function beginsWord(word: string, text: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (isWordStart(text, at)) return true;
  }
  return false;
}

/** How much more a type counts than its name says: those that a person likes or uses. */
export type Liking = (name: string) => number;

const NO_LIKING: Liking = () => 0;

/**
 * The node types that match, best first: by names, categories and former names, then by description. All of them by
 * category and title when nothing is typed.
 */
export function searchTypes(query: string, types: readonly NodeTypeInfo[], liking = NO_LIKING): NodeTypeInfo[] {
  const words = wordsOf(query);
  if (words.length === 0) {
    return [...types].sort((a, b) => a.category.localeCompare(b.category) || a.title.localeCompare(b.title));
  }
  const together = types.filter((type) => hasTogether(words, type));
  const described = types.filter((type) => isDescribed(words, type));
  if (together.length > 0) return inOrder(ranked(query, together, liking), ranked("", described, liking));
  return inOrder(ranked("", described, liking), ranked(query, types, liking));
}

function inOrder(...lists: readonly NodeTypeInfo[][]): NodeTypeInfo[] {
  return [...new Set(lists.flat())];
}

function ranked(query: string, types: readonly NodeTypeInfo[], liking: Liking): NodeTypeInfo[] {
  return types
    .map((type) => ({ type, score: query === "" ? 0 : typeScore(query, type), liked: liking(type.name) }))
    .filter((found): found is typeof found & { score: number } => found.score !== null)
    .sort((a, b) => b.score + b.liked - a.score - a.liked || a.type.title.localeCompare(b.type.title))
    .map((found) => found.type);
}

/** The former or other name by which a query finds a type whose own names do not say it. */
export function aliasFor(query: string, type: NodeTypeInfo): string | undefined {
  const words = wordsOf(query);
  const says = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  if (words.length === 0 || says(`${type.title} ${type.name}`)) return undefined;
  return type.aliases?.find(says);
}

/** Whatever has a title, best first; in its own order when nothing is typed. */
export function searchTitles<T extends { readonly title: string }>(query: string, things: readonly T[]): T[] {
  if (query.trim() === "") return [...things];
  return things
    .map((thing) => ({ thing, score: optionScore(query, thing.title) }))
    .filter((found): found is { thing: T; score: number } => found.score !== null)
    .sort((a, b) => b.score - a.score)
    .map((found) => found.thing);
}

/** The options of a choice that match, best first; in their own order when nothing is typed. */
export function searchOptions<T extends string | number>(query: string, options: readonly T[]): T[] {
  if (query.trim() === "") return [...options];
  return options
    .map((option) => ({ option, score: optionScore(query, String(option)) }))
    .filter((found): found is { option: T; score: number } => found.score !== null)
    .sort((a, b) => b.score - a.score)
    .map((found) => found.option);
}

function optionScore(query: string, text: string): number | null {
  return better(
    matchScore(query, text),
    anyOrderScore(query, (word) => matchScore(word, text), [text]),
  );
}
