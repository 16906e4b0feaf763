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

/** Whether every typed word stands in the type as it was typed. Where one has it so, scattered letters are noise. */
function hasTogether(query: string, type: NodeTypeInfo): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = fieldsOf(type).map((text) => text.toLowerCase());
  const typed = words.join("").length;
  return typed >= LETTERS_THAT_SAY_ENOUGH && words.every((word) => texts.some((text) => text.includes(word)));
}

/** The node types that match, best first; all of them by category and title when nothing is typed. */
export function searchTypes(query: string, types: readonly NodeTypeInfo[]): NodeTypeInfo[] {
  if (query.trim() === "") {
    return [...types].sort((a, b) => a.category.localeCompare(b.category) || a.title.localeCompare(b.title));
  }
  const together = types.filter((type) => hasTogether(query, type));
  return (together.length > 0 ? together : types)
    .map((type) => ({ type, score: typeScore(query, type) }))
    .filter((found): found is { type: NodeTypeInfo; score: number } => found.score !== null)
    .sort((a, b) => b.score - a.score || a.type.title.localeCompare(b.type.title))
    .map((found) => found.type);
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
