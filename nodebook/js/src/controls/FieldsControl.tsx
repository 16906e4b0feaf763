import type { Value } from "../graph/document";
import { Control } from ".";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

type Members = Readonly<Record<string, Value>>;

/** The fields of a data class or model, one control each; what is not set has the default of its class. */
export function FieldsControl({ nodeId, input, widget, value, onCommit, onReset }: ControlProps<WidgetOf<"fields">>) {
  const held = membersOf(value);
  const set = (name: string, next: Value) => onCommit({ ...held, [name]: next });
  const unset = (name: string) => {
    const { [name]: _gone, ...rest } = held;
    if (Object.keys(rest).length > 0) onCommit(rest);
    else onReset();
  };
  return (
    <fieldset className="nb-fields">
      <legend className="nb-label" title={describeInput(input)}>
        {input.name}
      </legend>
      {widget.fields.map((field) => {
        const own = Object.hasOwn(held, field.name) ? held[field.name] : field.default;
        if (field.widget === null) {
          return (
            <div key={field.name} className="nb-field" title={describeInput(field)}>
              <span className="nb-label">{field.name}</span>
              <span className="nb-value">{own === undefined ? "" : JSON.stringify(own)}</span>
            </div>
          );
        }
        return (
          <Control
            key={field.name}
            nodeId={nodeId}
            input={field}
            widget={field.widget}
            value={own}
            onCommit={(next) => set(field.name, next)}
            onReset={() => unset(field.name)}
          />
        );
      })}
    </fieldset>
  );
}

function membersOf(value: Value | undefined): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Members) : {};
}
