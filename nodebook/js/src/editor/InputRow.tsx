import { memo } from "react";
import { Control } from "../controls";
import { VariableControl } from "../controls/VariableControl";
import type { Value } from "../graph/document";
import type { InputInfo } from "../graph/library";
import { isVariable } from "../graph/variables";
import { useEditor } from "./context";
import { WarningIcon } from "./icons";
import { Port } from "./Port";

interface Props {
  readonly node: string;
  readonly input: InputInfo;
  readonly value: Value | undefined;
  /** The variable of the notebook that it takes, if it takes one. */
  readonly variable: string | null;
  readonly linked: boolean;
  /** Without a control: its type has none, or a person wanted a plain port. */
  readonly asPort: boolean;
  readonly readOnly: boolean;
  /** What is wrong with this input, if anything. */
  readonly problem: string | undefined;
}

/** An input with its port at the card's edge; its control is hidden while a link feeds it. */
export const InputRow = memo(function InputRow(props: Props) {
  const { node, input, value, variable, linked, asPort, readOnly, problem } = props;
  const { actions } = useEditor();
  const withControl = !asPort && !linked && !readOnly;
  const isBound = variable !== null && !linked && !readOnly;
  // A value that counts is never hidden.
  const keepsValue = readOnly || (asPort && input.widget !== null && !linked);
  return (
    <div
      className="nb-row"
      data-input={input.name}
      data-linked={linked}
      data-problem={problem !== undefined}
      title={problem}
    >
      <Port
        node={node}
        side="in"
        name={input.name}
        type={input.type}
        doc={input.doc}
        linked={linked}
        readOnly={readOnly}
      />
      {isBound ? (
        <VariableControl nodeId={node} input={input} variable={variable} />
      ) : withControl && input.widget !== null ? (
        <Control
          nodeId={node}
          input={input}
          widget={input.widget}
          value={value}
          onCommit={(next) => actions.setValue(node, input.name, next)}
          onReset={() => actions.unsetValue(node, input.name)}
        />
      ) : (
        <span className="nb-port-label">
          {input.name}
          {keepsValue && value !== undefined && <span className="nb-kept">{shortText(value)}</span>}
        </span>
      )}
      {problem !== undefined && <WarningIcon />}
    </div>
  );
});

const MOST_LETTERS = 80;

function shortText(value: Value): string {
  if (isVariable(value)) return value.variable;
  const text = typeof value === "string" ? value : jsonText(value);
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}

function jsonText(value: Value): string {
  return JSON.stringify(value, (_name, member: unknown) => (typeof member === "bigint" ? String(member) : member));
}
