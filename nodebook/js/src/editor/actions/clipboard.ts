/** Copied nodes as text, and text as nodes. */
import { type Clip, copyNodes, pasteOps } from "../../graph/clip";
import { flatten } from "../../graph/comfy/flatten";
import { writeWorkflow } from "../../graph/comfy/writeWorkflow";
import { count, type Point } from "../../graph/compose";
import { type GraphDocument, own, subgraphIdOf } from "../../graph/document";
import { writeJson } from "../../graph/json";
import { type Box, estimateSize, freeShift, placeUnplaced } from "../../graph/layout";
import { findType, portsOf, titleOf } from "../../graph/library";
import { pushNotice, selectedIds } from "../../state/client";
import { boxesOf } from "../../state/flow";
import { clipText, readClipText } from "../../sync/clipText";
import type { Parts } from "./parts";
import { select } from "./selection";
import { newSubgraphId } from "./subgraphs";

/** Where pasted nodes go. */
export interface PastePlace {
  /** A point of the graph: that of the pointer, else the middle of what is seen. */
  readonly at: Point;
  /** Somebody pointed there, so the nodes' corner goes right there; else their middle goes near it. */
  readonly pointed: boolean;
}

export function clipboardActions({ kernel, client, session }: Parts) {
  const copied = (): Clip | null => {
    const { nodes } = client.getState();
    const boxes = boxesOf(nodes);
    const places = new Map(nodes.map((node, index) => [node.id, boxes[index] as Box]));
    const clip = copyNodes(kernel.getState().document, selectedIds(client.getState()), places);
    return Object.keys(clip.nodes).length === 0 ? null : clip;
  };

  return {
    /** The selected nodes as text; null where none is selected. */
    copyText(): string | null {
      const clip = copied();
      return clip === null ? null : clipText(clip);
    },

    /** The selected nodes as ComfyUI's workflow JSON, without subgraphs; null where none is selected. */
    copyComfyText(): string | null {
      const { document, library } = kernel.getState();
      const clip = copied();
      if (clip === null) return null;
      const flat = flatten(document, Object.keys(clip.nodes));
      return writeJson(writeWorkflow(flat.document, library, flat.ids, clip.groups));
    },

    /**
     * Add the nodes that a text holds, as one step, and select them. `keepOutside`: with the links that came from nodes
     * which were not copied. Returns the new ids; none, and says why, where the text holds no nodes.
     */
    pasteText(text: string, { at, pointed }: PastePlace, keepOutside: boolean): string[] {
      const { document, library } = kernel.getState();
      const pasted = readClipText(text, library);
      if (pasted === null) {
        pushNotice(client, "info", "The clipboard holds no nodes. Copy some here, in another notebook or in ComfyUI.");
        return [];
      }
      const clip = placed(pasted.clip, { document: { nodebook: 1, nodes: pasted.clip.nodes }, library });
      const boxes = boxesIn(clip, library);
      const corner = cornerOf(boxes);
      const middle = { x: corner.x + corner.width / 2, y: corner.y + corner.height / 2 };
      const from = pointed ? corner : middle;
      const wanted = { x: Math.round(at.x - from.x), y: Math.round(at.y - from.y) };
      const shift = freeShift(boxesOf(client.getState().nodes), boxes, wanted);
      const ids = session.newIds(boxes.length);
      session.edit(
        pasteLabel(clip, library),
        pasteOps(clip, document, { newIds: ids, shift, keepOutside, newSubgraphId }),
      );
      select(client, ids);
      const unknown = new Set(
        Object.values(clip.nodes).flatMap(({ type }) => (isKnown(type, clip, library) ? [] : [type])),
      );
      if (unknown.size > 0) pushNotice(client, "warning", unknownText([...unknown]));
      return ids;
    },
  };
}

function isKnown(type: string, clip: Clip, library: Library): boolean {
  const subgraph = subgraphIdOf(type);
  return findType(library, type) !== undefined || (subgraph !== null && own(clip.subgraphs, subgraph) !== undefined);
}

type Library = ReturnType<Parts["kernel"]["getState"]>["library"];

function pasteLabel(clip: Clip, library: Library): string {
  const nodes = Object.values(clip.nodes);
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined
    ? `Paste ${titleOf(library, only)}`
    : `Paste ${count(nodes.length, "node")}`;
}

function unknownText(types: readonly string[]): string {
  const names = types.slice(0, 3).join(", ");
  const more = types.length > 3 ? ` and ${types.length - 3} more` : "";
  return `Not known here: ${names}${more}. Values and links are kept.`;
}

/** Nodes without a place of their own get one: those of an API prompt have none. */
function placed(clip: Clip, { document, library }: { document: GraphDocument; library: Library }): Clip {
  const places = placeUnplaced(document, library);
  if (places.size === 0) return clip;
  const nodes = Object.entries(clip.nodes).map(([id, node]) => {
    const place = places.get(id);
    return [id, place === undefined ? node : { ...node, view: { ...node.view, ...place } }] as const;
  });
  return { ...clip, nodes: Object.fromEntries(nodes) };
}

function boxesIn(clip: Clip, library: Library): Box[] {
  return Object.values(clip.nodes).map((node) => ({
    x: node.view?.x ?? 0,
    y: node.view?.y ?? 0,
    ...estimateSize(node, portsOf(library, node, [])),
  }));
}

function cornerOf(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}
