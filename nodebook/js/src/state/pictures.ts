/** Pictures on nodes: kernel-synced, kept apart from the document because they change up to 30 times a second. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { PictureMessage } from "../protocol";

export interface Picture {
  readonly seq: number;
  readonly width: number;
  readonly height: number;
  readonly kind: PictureMessage["kind"];
  readonly blob: Blob;
}

/** The pictures of one node; `frames` has a gap where one of the batch has not come yet. */
export interface NodePictures {
  readonly count: number;
  readonly kind: PictureMessage["kind"];
  readonly result: number;
  readonly frames: readonly (Picture | undefined)[];
}

export interface PicturesState {
  readonly byNode: Readonly<Record<string, NodePictures>>;
}

/**
 * Receives pictures, newest wins, and says which are done with. A picture is done with when it was painted, when a newer
 * one took its place, or when nobody looks at it: the kernel paces previews by that, so none may be forgotten.
 */
export interface Pictures {
  readonly store: StoreApi<PicturesState>;
  receive(message: PictureMessage, bytes: DataView): void;
  painted(seq: number): void;
  /** While paused, pictures of nodes that still work are done with as they come, and what is shown stays. */
  pausePreviews(on: boolean): void;
  /** A view shows this picture of the node until the returned function is called. */
  watch(node: string, index: number): () => void;
  /** From which index on to ask for what is missing around one; null where it is there or was asked for. */
  toAsk(node: string, index: number): number | null;
}

/** So many of a batch are sent unasked, and so many each time that more are asked for. */
const SENT_AT_ONCE = 8;

export function createPictures(onDone: (seq: number) => void): Pictures {
  const store = createStore<PicturesState>(() => ({ byNode: {} }));
  /** One entry for each who looks: a card and a larger view may show the same picture, or two of one batch. */
  const watchers = new Set<{ readonly node: string; readonly index: number }>();
  const waiting = new Set<number>();
  let isPaused = false;

  const done = (seq: number) => {
    if (waiting.delete(seq)) onDone(seq);
  };

  const receive = (message: PictureMessage, bytes: DataView) => {
    const before = store.getState().byNode[message.node];
    const replaced = before?.frames[message.index];
    waiting.add(message.seq);
    if (isPaused && message.kind === "preview") return done(message.seq);
    if (replaced !== undefined && replaced.seq >= message.seq) return done(message.seq);
    const next = withFrame(before, message, toPicture(message, bytes));
    for (const old of before?.frames ?? []) {
      if (old !== undefined && !next.frames.includes(old)) done(old.seq);
    }
    store.setState((state) => ({ byNode: { ...state.byNode, [message.node]: next } }));
    if (!isWatched(message.node, message.index)) done(message.seq);
  };

  const isWatched = (node: string, index: number) =>
    [...watchers].some((each) => each.node === node && each.index === index);

  const watch = (node: string, index: number) => {
    const watcher = { node, index };
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      store.getState().byNode[node]?.frames.forEach((frame, at) => {
        if (frame !== undefined && !isWatched(node, at)) done(frame.seq);
      });
    };
  };

  const asked = new Map<string, number>();
  const toAsk = (node: string, index: number) => {
    const found = store.getState().byNode[node];
    if (found === undefined || found.kind !== "result" || index >= found.count) return null;
    const start = index - (index % SENT_AT_ONCE);
    if (start === 0) return null; // those come unasked
    const key = `${node}/${start}`;
    if (found.frames[index] !== undefined || asked.get(key) === found.result) return null;
    asked.set(key, found.result);
    return start;
  };

  const pausePreviews = (on: boolean) => {
    isPaused = on;
  };

  return { store, receive, painted: done, pausePreviews, watch, toAsk };
}

function toPicture(message: PictureMessage, bytes: DataView): Picture {
  // A copy: the view may share its buffer with the rest of the message.
  const copy = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
  const { seq, width, height, kind } = message;
  return { seq, width, height, kind, blob: new Blob([copy], { type: message.mime }) };
}

/**
 * A frame joins those of the same batch; another kind or size of batch begins anew. Of another result with as many
 * pictures the first stay until theirs come, which they do unasked.
 */
function withFrame(before: NodePictures | undefined, message: PictureMessage, picture: Picture): NodePictures {
  const joins = before !== undefined && before.kind === message.kind && before.count === message.count;
  const result = message.result;
  const frames: (Picture | undefined)[] = joins ? [...before.frames] : Array(message.count).fill(undefined);
  if (joins && before.result !== result) frames.fill(undefined, SENT_AT_ONCE);
  frames[message.index] = picture;
  return { count: message.count, kind: message.kind, result, frames };
}
