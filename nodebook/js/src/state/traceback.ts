/** The places that a Python traceback names: cells of the notebook, and lines of files. */

const PLACE = /Cell In\[\d+\], line \d+|File "([^"\n]+)", line (\d+)/g;

export interface Part {
  /** Where it starts in the text. */
  readonly at: number;
  readonly text: string;
  readonly isPlace: boolean;
}

/** The text in parts, places apart. */
export function parseTraceback(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(PLACE)) {
    if (found.index > from) parts.push({ at: from, text: text.slice(from, found.index), isPlace: false });
    parts.push({ at: found.index, text: found[0], isPlace: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ at: from, text: text.slice(from), isPlace: false });
  return parts;
}

/** Where to look first: the last line of a cell, else the last line of all, with no more of the path than the name. */
export function placeOf(text: string): string | null {
  const places = [...text.matchAll(PLACE)];
  const found = places.findLast(([whole]) => whole.startsWith("Cell")) ?? places.at(-1);
  if (found === undefined) return null;
  const [whole, path, line] = found;
  return path === undefined ? whole : `${path.split(/[\\/]/).at(-1)}, line ${line}`;
}
