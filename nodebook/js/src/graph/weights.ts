/** Weights in prompts: `(word:1.1)`, where `(word)` alone is 1.1, a number is absolute, and `\(` is a plain parenthesis. */

export const WEIGHT_STEP = 0.05;
const BARE_WEIGHT = 1.1;
const WORD_END = /[\s,()[\]{}<>|;\\]/;

/** Put `insert` in place of what is between `from` and `to`, then select from `start` to `end`. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  readonly start: number;
  readonly end: number;
}

interface Group {
  /** Where its parentheses are. */
  readonly open: number;
  readonly close: number;
  /** Where its text ends: before the colon, if it has a number. */
  readonly textEnd: number;
  readonly weight: number;
}

/** Change the weight of what is selected, else of the group or the word at the cursor; null where there is nothing. */
export function changeWeight(text: string, start: number, end: number, by: number): Replacement | null {
  const picked = start === end ? { start, end } : trimmed(text, start, end);
  const group = groupAt(text, picked.start, picked.end);
  if (group !== undefined) {
    const inner = text.slice(group.open + 1, group.textEnd);
    return weighed(inner, group.open, group.close + 1, group.weight + by, start === end ? start : null);
  }
  const word = start === end ? wordAt(text, start) : picked;
  if (word.start === word.end) return null;
  return weighed(text.slice(word.start, word.end), word.start, word.end, 1 + by, start === end ? start : null);
}

function weighed(inner: string, from: number, to: number, weight: number, cursor: number | null): Replacement {
  const rounded = Math.max(0, Math.round(weight * 100) / 100);
  const plain = rounded === 1;
  const insert = plain ? inner : `(${inner}:${rounded})`;
  const first = from + (plain ? 0 : 1);
  if (cursor === null) return { from, to, insert, start: first, end: first + inner.length };
  // The cursor stays beside its letter: the old text began one later where it had a parenthesis.
  const had = to - from > inner.length ? 1 : 0;
  const at = Math.min(Math.max(cursor - from - had, 0), inner.length) + first;
  return { from, to, insert, start: at, end: at };
}

function trimmed(text: string, start: number, end: number): { start: number; end: number } {
  const picked = text.slice(start, end);
  const lead = picked.length - picked.trimStart().length;
  return { start: start + lead, end: Math.max(start + lead, start + picked.trimEnd().length) };
}

function wordAt(text: string, at: number): { start: number; end: number } {
  let start = at;
  let end = at;
  while (start > 0 && !WORD_END.test(text.charAt(start - 1))) start -= 1;
  while (end < text.length && !WORD_END.test(text.charAt(end))) end += 1;
  return { start, end };
}

/** The innermost group around a cursor; for a selection the group that it is, with or without its parentheses. */
function groupAt(text: string, start: number, end: number): Group | undefined {
  return groupsOf(text).find((group) => {
    if (start === end) return group.open < start && start <= group.close;
    const whole = start === group.open && end === group.close + 1;
    return whole || (start === group.open + 1 && (end === group.textEnd || end === group.close));
  });
}

/** All groups, the inner ones first. */
function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  const opened: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === "\\" && /[()]/.test(text.charAt(at + 1))) at += 1;
    else if (letter === "(") opened.push(at);
    else if (letter === ")") {
      const open = opened.pop();
      if (open !== undefined) groups.push(group(text, open, at));
    }
  }
  return groups;
}

function group(text: string, open: number, close: number): Group {
  const colon = text.lastIndexOf(":", close);
  const number = colon > open + 1 ? text.slice(colon + 1, close).trim() : "";
  const weight = number === "" ? Number.NaN : Number(number);
  if (Number.isFinite(weight)) return { open, close, textEnd: colon, weight };
  return { open, close, textEnd: close, weight: BARE_WEIGHT };
}
