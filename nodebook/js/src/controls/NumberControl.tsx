import { formatNumber, type Numeric, stepNumber } from "../graph/numbers";
import { TypedNumber } from "./TypedNumber";
import { type ControlProps, describeInput, type WidgetOf } from "./types";
import { useNumberField } from "./useNumberField";

const PX_PER_STEP = 3;

/** A number: drag sideways to scrub, double-click or Enter to type, arrows to step. */
export function NumberControl({ input, widget, value, onCommit, onReset }: ControlProps<WidgetOf<"number">>) {
  const field = useNumberField({
    value,
    widget,
    optional: input.default === null,
    onCommit,
    onReset,
    dragged: (start: Numeric, dx, event) =>
      stepNumber(start, Math.trunc(dx / PX_PER_STEP) * (event.shiftKey ? 10 : 1), widget),
  });
  if (field.editing !== null) return <TypedNumber input={input} field={field} />;
  return (
    <div
      {...field.fieldProps}
      className="nb-field nb-field--scrub nodrag"
      role="spinbutton"
      aria-label={input.name}
      title={`${describeInput(input)}\nDrag to change, double-click to type`}
    >
      <span className="nb-label">{input.name}</span>
      <span className="nb-value" data-none={field.shown === null}>
        {formatNumber(field.shown, widget)}
      </span>
    </div>
  );
}
