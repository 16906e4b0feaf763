/** A list to choose one thing from, over the editor: what to connect with, where to go, which colour. Client-only. */
import type { ClientStore } from "./client";

export interface PickerOption {
  readonly id: string;
  readonly title: string;
  /** Beside the title, fainter; found by the search too. */
  readonly detail?: string;
  /** A CSS colour, shown as a dot. */
  readonly swatch?: string;
  /** For what is on or off: a tick. */
  readonly checked?: boolean;
}

export interface PickerState {
  /** What is asked, as the name of the search field: "Connect Load Image.IMAGE to". */
  readonly title: string;
  readonly options: readonly PickerOption[];
  /** What to say where there is nothing to choose. */
  readonly empty: string;
  /** An option made of what was typed, where that means something: a colour as `#rrggbb`. */
  readonly typed?: (text: string) => PickerOption | null;
  /** Called after the picker has closed; may open another one. */
  readonly onChoose: (id: string) => void;
}

export function openPicker(client: ClientStore, picker: PickerState): void {
  client.setState({ picker, palette: null, menu: null });
}
