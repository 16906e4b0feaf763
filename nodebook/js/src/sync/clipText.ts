/** Copied nodes as text: a graph's document, as files hold it, and what its links from outside come from. */
import type { Clip } from "../graph/clip";
import type { GraphDocument } from "../graph/document";
import { tagLongNumbers, writeJson } from "../graph/json";
import type { Library } from "../graph/library";
import { type Pasted, readPasted } from "../graph/pasted";
import { fromWire, toFile } from "./convert";

export function clipText({ outside, ...parts }: Clip): string {
  const document = toFile({ nodebook: 1, ...parts });
  return writeJson(Object.keys(outside).length > 0 ? { ...document, outside } : document);
}

/** The nodes that a text holds, or null. */
export function readClipText(text: string, library: Library): Pasted | null {
  return readPasted(text, library, readDocument);
}

function readDocument(text: string): GraphDocument {
  const document = JSON.parse(tagLongNumbers(text)) as GraphDocument;
  const isReadable = typeof document.nodes === "object" && document.nodes !== null && !Array.isArray(document.nodes);
  return isReadable ? fromWire(document) : document;
}
