import type { Command } from "./types";

const STEP = 8;
const BIG_STEP = 40;
const ARROWS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export const ARRANGE_COMMANDS: readonly Command[] = [
  {
    id: "arrange.nudge",
    title: "Move the selected nodes",
    section: "Arrange",
    keys: Object.keys(ARROWS).flatMap((key) => [key, `Shift+${key}`]),
    keysText: "Arrow keys, with Shift further",
    enabled: ({ client }) => client.getState().nodes.some((node) => node.selected),
    run({ actions }, event) {
      const arrow = ARROWS[event?.key ?? ""];
      const by = event?.shiftKey ? BIG_STEP : STEP;
      if (arrow) actions.nudge({ x: arrow.x * by, y: arrow.y * by });
    },
  },
];
