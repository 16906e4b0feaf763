import type { EditorContextValue } from "./context";
import { fitView, reveal } from "./fit";

/** Cards of a large graph take a few frames to be made. */
const MOST_FRAMES = 60;

/** Do something with a node's card: in sight, and from far away, where cards are only drawn, zoomed in on first. */
export function whenNear(editor: EditorContextValue, id: string, then: (card: HTMLElement) => void): void {
  const find = () => editor.root.querySelector<HTMLElement>(`[data-node-id="${CSS.escape(id)}"]`);
  const here = find();
  if (here !== null) {
    reveal(editor, id);
    then(here);
    return;
  }
  fitView(editor, [id]);
  let frames = 0;
  const look = () => {
    const card = find();
    frames += 1;
    if (card !== null) then(card);
    else if (frames < MOST_FRAMES && editor.root.isConnected) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
