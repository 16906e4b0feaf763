import type { ReactElement } from "react";
import type { Widget } from "../graph/library";
import { ChoiceControl } from "./ChoiceControl";
import { ColorControl } from "./ColorControl";
import { CurveControl } from "./CurveControl";
import { FieldsControl } from "./FieldsControl";
import { FileControl } from "./FileControl";
import { NumberControl } from "./NumberControl";
import { SeedControl } from "./SeedControl";
import { SliderControl } from "./SliderControl";
import { TextControl } from "./TextControl";
import { ToggleControl } from "./ToggleControl";
import type { ControlProps, WidgetOf } from "./types";

type Controls = { readonly [K in Widget["kind"]]: (props: ControlProps<WidgetOf<K>>) => ReactElement };

const CONTROLS: Controls = {
  number: NumberKind,
  text: TextControl,
  toggle: ToggleControl,
  choice: ChoiceControl,
  color: ColorControl,
  curve: CurveControl,
  picture: FileControl,
  file: FileControl,
  fields: FieldsControl,
};

function NumberKind(props: ControlProps<WidgetOf<"number">>) {
  if (props.widget.seed) return <SeedControl {...props} />;
  return props.widget.display === "slider" ? <SliderControl {...props} /> : <NumberControl {...props} />;
}

/** The control for an input's widget. A kind from a newer kernel is shown as its value. */
export function Control(props: ControlProps) {
  const Kind = CONTROLS[props.widget.kind] as ((props: ControlProps) => ReactElement) | undefined;
  if (Kind !== undefined) return <Kind {...props} />;
  return (
    <div className="nb-field">
      <span className="nb-label">{props.input.name}</span>
      <span className="nb-value">{String(props.value ?? "")}</span>
    </div>
  );
}
