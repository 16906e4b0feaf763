import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** Text: sent when the field is left, or with Enter (Ctrl-Enter in a field of several lines). */
export function TextControl({ input, widget, value, onCommit, onReset }: ControlProps<WidgetOf<"text">>) {
  const current = typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
  const { draft, setDraft, commit, cancel } = useTextDraft(current, onCommit);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Escape") {
      cancel();
      event.preventDefault();
      event.currentTarget.blur();
    } else if ((event.key === "Delete" || event.key === "Backspace") && value === "" && draft === null) {
      // An empty text is a text; deleting in it takes the text itself away where none is the default.
      if (input.default === null && !event.repeat) onReset();
    } else if (event.key === "Enter" && (!widget.multiline || event.ctrlKey || event.metaKey)) {
      commit();
      if (!event.ctrlKey && !event.metaKey) event.preventDefault();
    }
  };
  const shared = {
    "aria-label": input.name,
    value: draft ?? current,
    placeholder: widget.placeholder || (value === null ? "none" : ""),
    onChange: (event: { target: { value: string } }) => setDraft(event.target.value),
    onBlur: commit,
    onKeyDown,
  };
  if (widget.multiline) {
    return (
      <div className="nb-field nb-field--area" title={describeInput(input)}>
        <span className="nb-label">{input.name}</span>
        <textarea {...shared} className="nb-textarea nodrag nowheel" spellCheck={false} />
      </div>
    );
  }
  return (
    <div className="nb-field" title={describeInput(input)}>
      <span className="nb-label">{input.name}</span>
      <input {...shared} className="nb-text nodrag" type="text" spellCheck={false} />
    </div>
  );
}

/** A draft that lives from the first letter to the commit; leaving the screen commits it too. */
export function useTextDraft(current: string, onCommit: (text: string) => void) {
  const [draft, setState] = useState<string | null>(null);
  const latest = useRef({ draft, current, onCommit });
  latest.current.current = current;
  latest.current.onCommit = onCommit;
  const setDraft = (text: string | null) => {
    latest.current.draft = text;
    setState(text);
  };
  const commit = () => {
    const { draft: text, current: old, onCommit: send } = latest.current;
    setDraft(null);
    if (text !== null && text !== old) send(text);
  };
  useEffect(
    () => () => {
      const { draft: text, current: old, onCommit: send } = latest.current;
      if (text !== null && text !== old) send(text);
    },
    [],
  );
  return { draft, setDraft, commit, cancel: () => setDraft(null) };
}
