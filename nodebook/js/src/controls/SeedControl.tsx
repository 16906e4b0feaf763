import { type ReactNode, useRef, useState } from "react";
import { useEditor, useKernel } from "../editor/context";
import { randomBits, randomSeed, SEED_MODES, type SeedMode, seedModeOf } from "../graph/seeds";
import { DecrementIcon, DiceIcon, IncrementIcon, LockIcon } from "./icons";
import { NumberControl } from "./NumberControl";
import type { ControlProps, WidgetOf } from "./types";
import { ValueMenu, type ValueMenuItem } from "./ValueMenu";

const WORDS: Readonly<Record<SeedMode, string>> = {
  fixed: "Keep this seed",
  randomize: "A random one for each run",
  increment: "One more with each run",
  decrement: "One less with each run",
};

const ICONS: Readonly<Record<SeedMode, () => ReactNode>> = {
  fixed: LockIcon,
  randomize: DiceIcon,
  increment: IncrementIcon,
  decrement: DecrementIcon,
};

/** A seed, and what the next run does with it. What is shown is the seed of the last run until the next one starts. */
export function SeedControl(props: ControlProps<WidgetOf<"number">>) {
  const { nodeId, input, widget, onCommit } = props;
  const { actions } = useEditor();
  const mode = useKernel((state) => seedModeOf(state.document.nodes[nodeId], input.name));
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const Icon = ICONS[mode];
  const modes = SEED_MODES.map((each): ValueMenuItem => {
    const ModeIcon = ICONS[each];
    const run = () => actions.setSeedMode(nodeId, input.name, each);
    return { label: WORDS[each], checked: each === mode, icon: <ModeIcon />, run };
  });
  const draw: ValueMenuItem = {
    label: "Draw a new seed now",
    apart: true,
    icon: <DiceIcon />,
    run: () => onCommit(randomSeed(widget, randomBits())),
  };
  return (
    <div className="nb-joined">
      <NumberControl {...props} />
      <button
        ref={button}
        type="button"
        className="nb-icon-button nodrag"
        data-seed-mode={mode}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={`${input.name} after a run: ${WORDS[mode]}`}
        title={`${WORDS[mode]} (click to change)`}
        onClick={() => setOpen(!open)}
      >
        <Icon />
      </button>
      {open && (
        <ValueMenu
          label={`${input.name} after a run`}
          anchor={button}
          items={[...modes, draw]}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}
