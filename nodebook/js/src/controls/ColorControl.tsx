import { useEffect, useRef, useState } from "react";
import { hexOf, parseHex } from "../graph/hex";
import { useTextDraft } from "./TextControl";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** A colour: the swatch opens the browser's picker, the text takes `#rrggbb`. */
export function ColorControl({ input, widget, value, onCommit }: ControlProps<WidgetOf<"color">>) {
  const hex = hexOf(value);
  const [picked, setPicked] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const send = (text: string) => {
    const color = parseHex(text);
    if (color !== null && hexOf(color) !== hex) onCommit(widget.format === "int" ? color : hexOf(color));
  };
  const latest = useRef(send);
  latest.current = send;
  // The browser's "change" comes once, when the picker closes; React's onChange is its "input".
  useEffect(() => {
    const field = picker.current;
    const onPicked = () => {
      setPicked(null);
      latest.current(field?.value ?? "");
    };
    field?.addEventListener("change", onPicked);
    return () => field?.removeEventListener("change", onPicked);
  }, []);
  const { draft, setDraft, commit, cancel } = useTextDraft(picked ?? hex, send);
  return (
    <div className="nb-field" title={describeInput(input)}>
      <span className="nb-label">{input.name}</span>
      <input
        className="nb-text nb-text--hex nodrag"
        aria-label={input.name}
        value={draft ?? picked ?? hex}
        spellCheck={false}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") cancel();
          else return;
          event.preventDefault();
        }}
      />
      <input
        ref={picker}
        className="nb-swatch nodrag"
        type="color"
        aria-label={`Pick ${input.name}`}
        value={picked ?? hex}
        onChange={(event) => setPicked(event.target.value)}
      />
    </div>
  );
}
