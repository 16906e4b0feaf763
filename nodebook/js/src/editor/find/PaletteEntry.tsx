import { memo } from "react";
import { chordText } from "../commands/chords";
import { Dot } from "./Dot";
import type { PaletteItem } from "./paletteItems";

interface Props {
  readonly id: string;
  readonly item: PaletteItem;
  readonly active: boolean;
  readonly heading: string | null;
  readonly onPoint: () => void;
  readonly onChoose: () => void;
}

/** One line of the palette, with the heading above it where another part begins. */
export function PaletteEntry({ id, item, active, heading, onPoint, onChoose }: Props) {
  const { type, command } = item;
  return (
    <>
      {heading !== null && <div className="nb-palette-heading">{heading}</div>}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the search field keeps the focus */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the palette */}
      <div
        id={id}
        role="option"
        aria-selected={active}
        data-active={active}
        data-node-type={type?.name}
        data-command={command?.id}
        className="nb-option nb-palette-entry"
        onPointerMove={onPoint}
        onClick={onChoose}
      >
        <span className="nb-palette-title">{item.title}</span>
        {item.note && <span className="nb-muted">{item.note}</span>}
        {type && <Outputs types={[...new Set(type.outputs.map((output) => output.type))]} />}
        {command?.keys?.[0] && <kbd className="nb-muted">{command.keysText ?? chordText(command.keys[0])}</kbd>}
      </div>
    </>
  );
}

const MOST_DOTS = 4;

/** What comes out, as signs: nodes of one kind are seen at a glance. */
const Outputs = memo(
  function Outputs({ types }: { readonly types: readonly string[] }) {
    return (
      <span className="nb-palette-dots">
        {types.slice(0, MOST_DOTS).map((type) => (
          <Dot key={type} type={type} />
        ))}
      </span>
    );
  },
  (before, after) => before.types.join() === after.types.join(),
);
