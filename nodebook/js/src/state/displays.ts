/** What nodes show beside pictures and text (docs/design/displays.md). Kernel-synced. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type {
  CompareDisplay,
  DisplayMessage,
  FigureDisplay,
  MediaDisplay,
  NoteDisplay,
  TableDisplay,
} from "../protocol";

export type Cell = TableDisplay["rows"][number][number];
export type TableData = TableDisplay;
export type FigureData = FigureDisplay & { readonly blob: Blob };
export type MediaData = MediaDisplay & { readonly blob: Blob };
export type Display = TableData | FigureData | MediaData | CompareDisplay | NoteDisplay;

export interface DisplaysState {
  readonly byNode: Readonly<Record<string, readonly Display[]>>;
}

export interface Displays {
  readonly store: StoreApi<DisplaysState>;
  receive(message: DisplayMessage, buffers: readonly DataView[]): void;
}

/** A file is played or drawn as one of these, or not at all: never as a page or a drawing that may hold code. */
const FILES: ReadonlyMap<unknown, RegExp> = new Map([
  ["figure", /^image\/png$/],
  ["audio", /^audio\/(wav|mpeg|mp4|aac|ogg|flac)$/],
  ["video", /^video\/(mp4|webm|ogg|quicktime)$/],
]);

export function createDisplays(): Displays {
  const store = createStore<DisplaysState>(() => ({ byNode: {} }));
  return {
    store,
    receive(message, buffers) {
      const found = message.displays.flatMap((info) => displayOf(info, buffers) ?? []);
      store.setState((state) => {
        const { [message.node]: _old, ...others } = state.byNode;
        return { byNode: found.length > 0 ? { ...others, [message.node]: found } : others };
      });
    },
  };
}

/** A kind from a newer kernel, or one whose file did not come, is left out. */
function displayOf(info: DisplayMessage["displays"][number], buffers: readonly DataView[]): Display | undefined {
  if (info.kind === "table" || info.kind === "compare" || info.kind === "note") return info;
  const bytes = buffers[info.buffer ?? -1];
  if (bytes === undefined || !FILES.get(info.kind)?.test(info.mime)) return undefined;
  const copy = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
  return { ...info, blob: new Blob([copy], { type: info.mime }) };
}
