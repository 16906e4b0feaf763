import { clampNumber, formatNumber, stepNumber, stepOf } from "../graph/numbers";
import { NumberControl } from "./NumberControl";
import { TypedNumber } from "./TypedNumber";
import { type ControlProps, describeInput, type WidgetOf } from "./types";
import { useNumberField } from "./useNumberField";

const FINE = 0.1;

/** A number between two limits, with a bar: the bar's end follows the pointer; Shift is finer. */
export function SliderControl(props: ControlProps<WidgetOf<"number">>) {
  const { min, max } = props.widget;
  const bounded = min !== null && min !== undefined && max !== null && max !== undefined;
  return bounded ? <BoundedSlider {...props} low={Number(min)} high={Number(max)} /> : <NumberControl {...props} />;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

function BoundedSlider(props: ControlProps<WidgetOf<"number">> & Bounds) {
  const { input, widget, value, onCommit, onReset, low, high } = props;
  const field = useNumberField({
    value,
    widget,
    optional: input.default === null,
    onCommit,
    onReset,
    dragged: (start, dx, event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const range = high - low;
      const wanted = event.shiftKey
        ? Number(start) + (dx / box.width) * range * FINE
        : low + ((event.clientX - box.left) / box.width) * range;
      const steps = Math.round((wanted - low) / stepOf(widget));
      return stepNumber(clampNumber(low, widget), steps, widget);
    },
  });
  const share = field.shown !== null && high > low ? (Number(field.shown) - low) / (high - low) : 0;
  const fill = <span className="nb-fill" style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />;
  if (field.editing !== null) return <TypedNumber input={input} field={field} />;
  return (
    <div
      {...field.fieldProps}
      className="nb-field nb-field--slider nodrag"
      role="slider"
      tabIndex={0}
      aria-valuenow={field.shown === null ? undefined : Number(field.shown)}
      aria-label={input.name}
      title={`${describeInput(input)}\nDrag to change, double-click to type`}
    >
      {fill}
      <span className="nb-label">{input.name}</span>
      <span className="nb-value" data-none={field.shown === null}>
        {formatNumber(field.shown, widget)}
      </span>
    </div>
  );
}
