import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { TextArea } from "./TextArea";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** Text: sent when the field is left, or with Enter (Ctrl-Enter in a field of several lines). */
export function TextControl({ nodeId, input, widget, value, onCommit, onReset }: ControlProps<WidgetOf<"text">>) {
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
    placeholder: widget.placeholder || (value === null ? "none" : ""),
    onBlur: commit,
    onKeyDown,
  };
  if (widget.multiline) {
    const text = draft ?? current;
    return <TextArea {...shared} nodeId={nodeId} input={input} widget={widget} text={text} onChange={setDraft} />;
  }
  return (
    <div className="nb-field" title={describeInput(input)}>
      <span className="nb-label">{input.name}</span>
      <input
        {...shared}
        className="nb-text nodrag"
        type="text"
        aria-label={input.name}
        spellCheck={false}
        value={draft ?? current}
        onChange={(event) => setDraft(event.target.value)}
      />
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
