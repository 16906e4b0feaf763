import { useStore } from "zustand";
import type { InputInfo, NodeTypeInfo, OutputInfo } from "../../graph/library";
import { typeWords } from "../../graph/ports";
import { remembered } from "../../state/remembered";
import { StarIcon } from "../findIcons";
import { Dot } from "./Dot";
import { MiniCard } from "./MiniCard";

/** What a node type is: picture, what it does, what goes in and out. */
export function TypeAbout({
  type,
  withPicture = true,
}: {
  readonly type: NodeTypeInfo;
  readonly withPicture?: boolean;
}) {
  const aliases = type.aliases ?? [];
  return (
    <div className="nb-about">
      <div className="nb-about-head">
        <strong>{type.title}</strong>
        <StarButton type={type} />
      </div>
      {type.description && <p className="nb-about-text">{type.description}</p>}
      {withPicture && <MiniCard type={type} />}
      <Ports title="Inputs" ports={type.inputs} />
      <Ports title="Outputs" ports={type.outputs} />
      <p className="nb-about-names">
        {[`${type.name} in code`, type.category, aliases.length > 0 && `also: ${aliases.join(", ")}`]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}

export function StarButton({ type }: { readonly type: NodeTypeInfo }) {
  const on = useStore(remembered, (state) => state.favourites.includes(type.name));
  const label = `${on ? "No longer a favourite" : "Make a favourite"}: ${type.title}`;
  return (
    <button
      type="button"
      className="nb-icon-button nb-star"
      aria-pressed={on}
      aria-label={`Favourite: ${type.title}`}
      title={label}
      tabIndex={-1}
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => {
        event.stopPropagation();
        remembered.toggleFavourite(type.name);
      }}
    >
      <StarIcon on={on} />
    </button>
  );
}

function Ports({ title, ports }: { readonly title: string; readonly ports: readonly (InputInfo | OutputInfo)[] }) {
  if (ports.length === 0) return null;
  return (
    <>
      <h3 className="nb-about-heading">{title}</h3>
      <ul className="nb-about-ports">
        {ports.map((port) => (
          <li key={port.name} title={port.doc}>
            <Dot type={port.type} hollow={"required" in port && !port.required} />
            <span>{port.name}</span>
            <span className="nb-muted">{typeWords(port.type)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
