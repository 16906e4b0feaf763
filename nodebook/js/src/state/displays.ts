/** What nodes show beside pictures and text (docs/design/displays.md). Kernel-synced. */
import { createStore, type StoreApi } from "zustand/vanilla";

export type Cell = boolean | number | string | null;

interface Named {
  /** Of which output it is, where a node has several. */
  readonly name?: string;
}

export interface TableData extends Named {
  readonly kind: "table";
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total_rows: number;
  readonly total_columns: number;
}

export interface FigureData extends Named {
  readonly kind: "figure";
  readonly width: number;
  readonly height: number;
  readonly blob: Blob;
}

export interface MediaData extends Named {
  readonly kind: "audio" | "video";
  readonly file: string;
  readonly blob: Blob;
}

export type Display =
  | TableData
  | FigureData
  | MediaData
  | { readonly kind: "compare"; readonly pairs: number }
  | { readonly kind: "note"; readonly text: string };

export interface DisplayMessage {
  readonly type: "display";
  readonly node: string;
  readonly displays: readonly Readonly<Record<string, unknown>>[];
}

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
function displayOf(info: Readonly<Record<string, unknown>>, buffers: readonly DataView[]): Display | undefined {
  const { kind, buffer, mime } = info;
  if (kind === "table" || kind === "compare" || kind === "note") return info as unknown as Display;
  const allowed = FILES.get(kind);
  const bytes = typeof buffer === "number" ? buffers[buffer] : undefined;
  if (allowed === undefined || bytes === undefined || !allowed.test(String(mime))) return undefined;
  const copy = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
  return { ...info, blob: new Blob([copy], { type: String(mime) }) } as unknown as Display;
}
