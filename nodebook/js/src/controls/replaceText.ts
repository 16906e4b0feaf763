import type { Replacement } from "../graph/weights";

/** Put a text in place of another as if it had been typed, so that the field's own undo takes it back. */
export function replaceText(field: HTMLTextAreaElement, change: Replacement): void {
  field.setSelectionRange(change.from, change.to);
  const before = field.value;
  // Deprecated, and the only way that joins the field's own undo.
  field.ownerDocument.execCommand("insertText", false, change.insert);
  if (field.value === before && change.insert !== before.slice(change.from, change.to)) {
    field.setRangeText(change.insert, change.from, change.to, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  field.setSelectionRange(change.start, change.end);
}
