import { useEffect, useRef } from "react";

interface Props {
  readonly label: string;
  readonly text: string;
  readonly placeholder: string;
  /** Typing replaces the number; not so where the first digit has been typed already. */
  readonly selectAll: boolean;
  readonly onChange: (text: string) => void;
  /** `refocus`: the keyboard ended it, so the field itself gets the focus back. */
  readonly onFinish: (text: string, refocus: boolean) => void;
  readonly onCancel: () => void;
}

/** The text field that stands in for a number while it is typed. */
export function NumberInput({ label, text, placeholder, selectAll, onChange, onFinish, onCancel }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const ended = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the field opens
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    if (selectAll) field.current?.select();
  }, []);
  const end = (finish: () => void) => {
    if (ended.current) return;
    ended.current = true;
    finish();
  };
  return (
    <input
      ref={field}
      className="nb-number-input nodrag"
      aria-label={label}
      inputMode="decimal"
      spellCheck={false}
      placeholder={placeholder}
      value={text}
      onChange={(event) => onChange(event.target.value)}
      onBlur={() => end(() => onFinish(text, false))}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(() => onFinish(text, true));
        else if (event.key === "Escape") end(onCancel);
        else return;
        event.preventDefault();
      }}
    />
  );
}
