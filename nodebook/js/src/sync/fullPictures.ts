/** Whole pictures, asked for one at a time and kept for as long as somebody looks at their node's pictures. */
import type { FullPictureMessage, ToKernel } from "../protocol";

export interface FullPicture {
  readonly blob: Blob;
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

function keyOf(node: string, index: number, file: string | null): string {
  return file === null ? `${node}/${index}` : `file:${file}`;
}

type Settle = { resolve: (picture: FullPicture) => void; reject: (error: Error) => void };

export function createFullPictures(client: string, send: (message: ToKernel) => boolean, signal: AbortSignal) {
  const waiting = new Map<string, Settle[]>();
  const settle = (key: string, act: (one: Settle) => void) => {
    const asked = waiting.get(key) ?? [];
    waiting.delete(key);
    asked.forEach(act);
  };
  signal.addEventListener("abort", () => waiting.clear(), { once: true });

  return {
    /** Of a node's result, or of a file. Rejects, with words for a person, where there is none. */
    ask(node: string, index: number, file: string | null = null): Promise<FullPicture> {
      const key = keyOf(node, index, file);
      const asked = waiting.get(key);
      return new Promise((resolve, reject) => {
        waiting.set(key, [...(asked ?? []), { resolve, reject }]);
        if (asked !== undefined || send({ type: "full_picture", client, node, index, file })) return;
        settle(key, (one) => one.reject(new Error("The kernel does not answer.")));
      });
    },

    receive(message: FullPictureMessage, bytes: DataView | undefined) {
      if (message.to !== client) return;
      const { name, width, height, reason } = message;
      settle(keyOf(message.node, message.index, message.file), (one) => {
        if (bytes === undefined) return one.reject(new Error(reason ?? "The kernel sent no picture."));
        const copy = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).slice();
        one.resolve({ blob: new Blob([copy], { type: "image/png" }), name, width, height });
      });
    },
  };
}
