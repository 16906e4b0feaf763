/** JSON whose whole numbers keep all their digits: seeds have 64 bits, a browser's numbers have 53. */
import type { Value } from "./document";

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG = /^-?\d{16,}$/;

/** The text with every long whole number as the tag `{"$int": "…"}`. Strings are not looked into. */
export function tagLongNumbers(text: string): string {
  return text.replace(STRING_OR_NUMBER, (found) =>
    LONG.test(found) && !Number.isSafeInteger(Number(found)) ? `{"$int":"${found}"}` : found,
  );
}

/** Long whole numbers become `bigint`. Throws a SyntaxError where the text is not JSON. */
export function parseJson(text: string): Value {
  return JSON.parse(tagLongNumbers(text), (_name, value) => {
    const long =
      value !== null && typeof value === "object" && Object.keys(value).length === 1 ? value.$int : undefined;
    return typeof long === "string" && /^-?\d+$/.test(long) ? BigInt(long) : value;
  }) as Value;
}

/** A `bigint` is written as a plain number. Members that are undefined are left out. */
export function writeJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((one) => writeJson(one ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, held]) => held !== undefined);
  return `{${members.map(([name, held]) => `${JSON.stringify(name)}:${writeJson(held)}`).join(",")}}`;
}
