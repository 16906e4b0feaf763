import { useEditor, useKernel } from "../context";
import { BreakIcon } from "./icons";
import { pathOf } from "./show";

/** That runs pause before this node; a click lets them pass. */
export function BreakMark({ id }: { readonly id: string }) {
  const editor = useEditor();
  const path = pathOf(editor, id);
  const on = useKernel((state) => state.queue.breaks.includes(path));
  if (!on) return null;
  return (
    <button
      type="button"
      className="nb-icon-button nb-break nodrag"
      aria-label="Runs pause here"
      title="Runs pause before this node. Click to let them pass"
      onClick={() => editor.session.ask({ type: "break", node: path, on: false })}
    >
      <BreakIcon />
    </button>
  );
}
