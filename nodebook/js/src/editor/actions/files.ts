/** Files that people bring: dropped or pasted on cards and on the canvas. */
import type { Point } from "../../graph/compose";
import { own } from "../../graph/document";
import { inputForFile, isPicture, refusalOf } from "../../graph/files";
import { findType } from "../../graph/library";
import { type MaskPlace, pushNotice } from "../../state/client";
import { nodeActions } from "./nodes";
import { nameOf, type Parts } from "./parts";

const LOADER = "LoadImage";

export function fileActions(parts: Parts) {
  const { kernel, client } = parts;
  const { addNode, upload } = nodeActions(parts);

  const inputOf = (id: string, file: File): string | undefined => {
    const { document, library } = kernel.getState();
    const node = own(document.nodes, id);
    const type = node && findType(library, node.type);
    return type && inputForFile(type.inputs, (name) => own(node.links, name) !== undefined, file);
  };

  return {
    /** Whether a node has an input for a file. */
    takesFile: (id: string, file: File) => inputOf(id, file) !== undefined,

    /** Give a file to the input of a node that takes it, or say that none does. */
    giveFile(id: string, file: File) {
      const input = inputOf(id, file);
      if (input === undefined) pushNotice(client, "warning", refusalOf(file, nameOf(kernel, id)));
      else void upload(id, input, file);
    },

    /** Open the mask editor on the picture that an input names. */
    openMask(node: string, input: string, name: string) {
      client.setState({ masking: { node, input, name } });
    },

    paintMask: (place: MaskPlace, mask: ArrayBuffer) => parts.session.paintMask(place, mask),

    /** A picture becomes a node that loads it. `anywhere`: nobody pointed at the place. */
    addPicture(file: File, place: Point, anywhere: boolean): string | null {
      const id = isPicture(file) ? addNode(LOADER, place, null, anywhere) : null;
      const input = id === null ? undefined : inputOf(id, file);
      if (id === null || input === undefined) pushNotice(client, "warning", refusalOf(file, null));
      else void upload(id, input, file);
      return id;
    },
  };
}
