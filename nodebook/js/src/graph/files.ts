/** Which input of a node takes a file that is dropped or pasted. */
import type { InputInfo, Widget } from "./library";

export interface FileKind {
  readonly name: string;
  /** As the browser has it: "image/png", or nothing where it does not know. */
  readonly type: string;
}

const PICTURE_NAME = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;

export function isPicture(file: FileKind): boolean {
  return file.type === "" ? PICTURE_NAME.test(file.name) : file.type.startsWith("image/");
}

export function takesFile(widget: Widget | null, file: FileKind): boolean {
  if (widget?.kind === "picture") return isPicture(file);
  if (widget?.kind !== "file") return false;
  const name = file.name.toLowerCase();
  return widget.accept.length === 0 || widget.accept.some((suffix) => name.endsWith(suffix));
}

/** The first input that takes it and that no link feeds. */
export function inputForFile(
  inputs: readonly InputInfo[],
  linked: (input: string) => boolean,
  file: FileKind,
): string | undefined {
  return inputs.find((input) => takesFile(input.widget, file) && !linked(input.name))?.name;
}

/** Words for a file that nothing takes. */
export function refusalOf(file: FileKind, title: string | null): string {
  const taker = title === null ? "No node that loads pictures" : title;
  return `${taker} cannot load ${file.name}. Drop it on a node that has an input for such files.`;
}
