import { type ControlProps, describeInput, type WidgetOf } from "./types";

/** On or off, as a switch that also says which in words. */
export function ToggleControl({ input, widget, value, onCommit }: ControlProps<WidgetOf<"toggle">>) {
  const on = value === true;
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={input.name}
      className="nb-field nb-field--button nodrag"
      title={describeInput(input)}
      onClick={() => onCommit(!on)}
    >
      <span className="nb-label">{input.name}</span>
      <span className="nb-value">{on ? (widget.on ?? "on") : (widget.off ?? "off")}</span>
      <span className="nb-switch" data-on={on} aria-hidden="true" />
    </button>
  );
}
