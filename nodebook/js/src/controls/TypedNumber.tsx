import type { InputInfo } from "../graph/library";
import { NumberInput } from "./NumberInput";
import type { useNumberField } from "./useNumberField";

interface Props {
  readonly input: InputInfo;
  readonly field: ReturnType<typeof useNumberField>;
}

/** A number or slider while it is typed; nothing while it is not. */
export function TypedNumber({ input, field }: Props) {
  if (field.editing === null) return null;
  return (
    <div className="nb-field nb-field--editing">
      <span className="nb-label">{input.name}</span>
      <NumberInput
        label={input.name}
        text={field.editing}
        placeholder={input.default === null ? "none" : ""}
        selectAll={field.selectAll}
        onChange={field.setEditing}
        onFinish={field.finishEditing}
        onCancel={field.cancelEditing}
      />
    </div>
  );
}
