/** Put a text on the clipboard; on plain http, where pages may not, by a field that is copied from. */
export async function copyText(root: HTMLElement, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = root.ownerDocument.createElement("textarea");
    field.className = "nb-off-screen";
    field.value = text;
    root.append(field);
    field.select();
    root.ownerDocument.execCommand("copy");
    field.remove();
  }
}
