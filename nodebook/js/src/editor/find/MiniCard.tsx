import { controlInputs, plainInputs } from "../../graph/layout";
import { type InputInfo, isMultiline, type NodeTypeInfo } from "../../graph/library";
import { Dot } from "./Dot";

const MOST_CONTROLS = 6;

/** A picture of a node, drawn from its type: what its card will look like, small. */
export function MiniCard({ type }: { readonly type: NodeTypeInfo }) {
  const plain = plainInputs(type.inputs);
  const controls = controlInputs(type.inputs);
  const rows = Math.max(plain.length, type.outputs.length);
  const more = controls.length - MOST_CONTROLS;
  return (
    <div className="nb-mini" aria-hidden="true">
      <div className="nb-mini-title">{type.title}</div>
      {Array.from({ length: rows }, (_, row) => (
        <div key={`${plain[row]?.name}/${type.outputs[row]?.name}`} className="nb-mini-row">
          <span className="nb-mini-in">
            {plain[row] && <PortSign port={plain[row]} hollow={!plain[row].required} />}
          </span>
          <span className="nb-mini-out">{type.outputs[row] && <PortSign port={type.outputs[row]} />}</span>
        </div>
      ))}
      {controls.slice(0, MOST_CONTROLS).map((input) => (
        <div key={input.name} className="nb-mini-field" data-tall={isMultiline(input)}>
          <span>{input.name}</span>
          <span>{valueText(input)}</span>
        </div>
      ))}
      {more > 0 && <div className="nb-mini-more">{more} more</div>}
    </div>
  );
}

interface SignProps {
  readonly port: { readonly name: string; readonly type: string };
  readonly hollow?: boolean;
}

function PortSign({ port, hollow = false }: SignProps) {
  return (
    <>
      <Dot type={port.type} hollow={hollow} />
      <span className="nb-mini-port">{port.name}</span>
    </>
  );
}

function valueText({ default: given }: InputInfo): string {
  return given === undefined || given === null || typeof given === "object" ? "" : String(given);
}
