/** Names of files in a prompt: `embedding:name` and `<lora:name:1>`, offered while they are typed. */
import { searchOptions } from "./search";

/** Files that texts may name, by their kind. */
export type FileNames = Readonly<Record<string, readonly string[]>>;

interface Form {
  readonly kind: string;
  /** What stands before the name. */
  readonly before: string;
  readonly after: string;
}

const FORMS: readonly Form[] = [
  { kind: "embeddings", before: "embedding:", after: "" },
  { kind: "loras", before: "<lora:", after: ":1>" },
];

const FEWEST_LETTERS = 3;
const MOST_OFFERED = 50;

export interface Offer {
  /** What is typed so far, from here to the cursor, is replaced. */
  readonly from: number;
  readonly options: readonly { readonly name: string; readonly insert: string }[];
}

/** What can be offered at the cursor; null where nothing fits. `kinds` are those that the text may name. */
export function offerAt(text: string, cursor: number, kinds: readonly string[], files: FileNames): Offer | null {
  const line = text.slice(text.lastIndexOf("\n", cursor - 1) + 1, cursor);
  for (const { kind, before, after } of FORMS) {
    if (!kinds.includes(kind)) continue;
    const typed = typedOf(line, before);
    if (typed === null) continue;
    const names = (files[kind] ?? []).map(withoutSuffix);
    const query = typed.slice(before.length);
    const found = searchOptions(query, names).filter((name): name is string => typeof name === "string");
    // One name that is there already needs no list.
    if (found.length === 0 || (found.length === 1 && found[0] === query)) return null;
    const options = found.slice(0, MOST_OFFERED).map((name) => ({ name, insert: `${before}${name}${after}` }));
    return { from: cursor - typed.length, options };
  }
  return null;
}

/** The end of the line that is the beginning of a name, or of what stands before one. */
function typedOf(line: string, before: string): string | null {
  const at = line.lastIndexOf(before);
  if (at >= 0 && isWordStart(line, at)) {
    const name = line.slice(at + before.length);
    if (!/[\s,():<>]/.test(name)) return line.slice(at);
  }
  for (let length = before.length - 1; length >= FEWEST_LETTERS; length -= 1) {
    if (line.endsWith(before.slice(0, length)) && isWordStart(line, line.length - length)) {
      return line.slice(line.length - length);
    }
  }
  return null;
}

function isWordStart(line: string, at: number): boolean {
  return at === 0 || /[\s,(<]/.test(line.charAt(at - 1));
}

/** A name is found with and without its suffix. */
function withoutSuffix(name: string): string {
  return name.replace(/\.(safetensors|sft|pt|pth|bin|ckpt)$/i, "");
}
