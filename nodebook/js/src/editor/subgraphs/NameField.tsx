import { useTextDraft } from "../../controls/TextControl";
import { useEditor } from "../context";

interface Props {
  readonly label: string;
  readonly name: string;
  readonly className: string;
  /** It names what is shown now, and is as wide as its text. */
  readonly isCurrent?: boolean;
  readonly onCommit: (name: string) => void;
}

/** A name that is a field: Enter, or going elsewhere, takes what was typed; Esc leaves it as it was. */
export function NameField({ label, name, className, isCurrent = false, onCommit }: Props) {
  const { root } = useEditor();
  const { draft, setDraft, commit, cancel } = useTextDraft(name, onCommit);
  const text = draft ?? name;
  return (
    <input
      className={className}
      aria-label={label}
      aria-current={isCurrent ? "page" : undefined}
      size={isCurrent ? Math.max(8, text.length) : undefined}
      value={text}
      spellCheck={false}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Escape") cancel();
        else if (event.key === "Enter") commit();
        else return;
        event.preventDefault();
        event.stopPropagation();
        root.focus({ preventScroll: true });
      }}
    />
  );
}
