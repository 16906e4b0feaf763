import { useEditor, useKernel } from "../editor/context";
import { VariableIcon } from "../editor/icons";
import { pickVariable } from "../editor/pickVariable";
import { own } from "../graph/document";
import type { InputInfo } from "../graph/library";
import { describeInput } from "./types";

interface Props {
  readonly nodeId: string;
  readonly input: InputInfo;
  readonly variable: string;
}

/** An input that takes a variable of the notebook: its name, and what it held at the last look. */
export function VariableControl({ nodeId, input, variable }: Props) {
  const editor = useEditor();
  const held = useKernel((state) => own(state.variables, variable));
  const missing = held?.missing === true;
  const words = missing ? "not in the notebook" : (held?.text ?? "");
  return (
    <button
      type="button"
      className="nb-field nb-field--button nb-bound nodrag"
      aria-haspopup="listbox"
      data-missing={missing}
      title={`${describeInput(input)}\nTakes the variable ${variable}${words === "" ? "" : `: ${words}`}`}
      onClick={() => pickVariable(editor, nodeId, input.name)}
    >
      {/* The space is not seen: with it the button's name is of several words. */}
      <span className="nb-label">{input.name}</span>{" "}
      <span className="nb-variable">
        <VariableIcon />
        <span className="nb-variable-name">{variable}</span>
      </span>{" "}
      <span className="nb-value">{words}</span>
    </button>
  );
}
