import { useEffect, useRef, useState } from "react";
import { ChevronIcon } from "../editor/icons";
import { type Color, colorOf, colorText, parseColor } from "../graph/hex";
import { ColorSwatches } from "./ColorSwatches";
import { useTextDraft } from "./TextControl";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** A colour: the swatch opens the browser's picker, the text takes `#rrggbb`, the arrow offers colours at hand. */
export function ColorControl({ input, widget, value, onCommit }: ControlProps<WidgetOf<"color">>) {
  const withAlpha = widget.alpha === true && widget.format !== "int";
  const current = colorOf(value);
  const shown = colorText(current, withAlpha);
  const [picked, setPicked] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const arrow = useRef<HTMLButtonElement>(null);
  const send = (color: Color) => {
    if (colorText(color, withAlpha) === shown) return;
    onCommit(widget.format === "hex" ? colorText(color, withAlpha) : color.rgb);
  };
  const sendText = (text: string) => {
    const color = parseColor(text);
    // What is typed without transparency keeps what was there.
    if (color !== null) send({ rgb: color.rgb, alpha: color.alpha ?? current.alpha });
  };
  const latest = useRef(sendText);
  latest.current = sendText;
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
  const { draft, setDraft, commit, cancel } = useTextDraft(picked ?? shown, sendText);
  const opaque = colorText(current, false);
  return (
    <div className="nb-joined">
      <div className="nb-field" title={describeInput(input)}>
        <span className="nb-label">{input.name}</span>
        <input
          className="nb-text nb-text--hex nodrag"
          aria-label={input.name}
          value={draft ?? picked ?? shown}
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
          style={{ opacity: withAlpha ? Math.max(0.2, (current.alpha ?? 255) / 255) : undefined }}
          type="color"
          aria-label={`Pick ${input.name}`}
          value={picked ?? opaque}
          onChange={(event) => setPicked(event.target.value)}
        />
      </div>
      <button
        ref={arrow}
        type="button"
        className="nb-icon-button nodrag"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={`Colours for ${input.name}`}
        title="Colours at hand"
        onClick={() => setOpen(!open)}
      >
        <ChevronIcon />
      </button>
      {open && (
        <ColorSwatches
          label={input.name}
          anchor={arrow}
          current={current}
          withAlpha={withAlpha}
          onChoose={send}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}
