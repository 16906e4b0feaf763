/** What stands around the Run button: its menu, how often to run, run on change, what waits. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { count } from "../../graph/compose";
import type { MenuItems } from "../commands/menus";
import { useCommand } from "../commands/useCommand";
import { useClient, useEditor, useKernel } from "../context";
import { ChevronIcon, RunIcon } from "../icons";
import { MenuButton } from "../MenuButton";

export const RUN_MENU: MenuItems = [
  ["run.all", "run.selected", "run.front", "run.times"],
  ["run.auto", "queue.pause", "previews.menu"],
  ["panel.plan", "panel.queue", "panel.log", "panel.times"],
  ["errors.next"],
];

const MOST_TIMES = 1000;

export function RunMenuButton() {
  return (
    <MenuButton testid="nb-run-menu" label="Ways to run" items={RUN_MENU} side="left" className="nb-run-more">
      <ChevronIcon />
    </MenuButton>
  );
}

/** "How often?", under the Run button. */
export function RunTimes() {
  const open = useClient((state) => state.askingTimes);
  return open ? <OpenTimes /> : null;
}

function OpenTimes() {
  const { client, root, session } = useEditor();
  const field = useRef<HTMLInputElement>(null);
  const [times, setTimes] = useState("4");
  useEffect(() => field.current?.select(), []);
  const close = () => {
    client.setState({ askingTimes: false });
    root.focus({ preventScroll: true });
  };
  const number = Number(times);
  const fits = Number.isInteger(number) && number >= 1 && number <= MOST_TIMES;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!fits) return;
    close();
    session.run(null, { count: number });
  };
  return (
    <form
      className="nb-popup nb-times"
      data-testid="nb-run-times"
      aria-label="How often to run"
      onSubmit={onSubmit}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        close();
        event.preventDefault();
      }}
      onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || client.setState({ askingTimes: false })}
    >
      <label>
        Times
        <input
          ref={field}
          className="nb-text"
          inputMode="numeric"
          aria-label="Times"
          aria-invalid={!fits}
          title={`A whole number from 1 to ${MOST_TIMES}`}
          value={times}
          onChange={(event) => setTimes(event.target.value)}
        />
      </label>
      <button type="submit" className="nb-button" disabled={!fits}>
        <RunIcon />
        Run
      </button>
    </form>
  );
}

/** Pressed while the graph runs after each change. */
export function AutoRunButton() {
  const { command, label, enabled, checked, run } = useCommand("run.auto");
  return (
    <button
      type="button"
      className="nb-button nb-button--icon nb-wide-only"
      data-testid="nb-auto-run"
      aria-label="Run on change"
      aria-pressed={checked}
      title={label}
      disabled={!enabled}
      onClick={run}
    >
      {command.icon && <command.icon />}
    </button>
  );
}

/** How many runs wait, and whether the queue is paused; opens the queue. */
export function QueueChip() {
  const waiting = useKernel((state) => state.queue.waiting);
  const paused = useKernel((state) => state.queue.paused);
  const { run } = useCommand("panel.queue");
  if (waiting === 0 && !paused) return null;
  const text = [paused && "Paused", waiting > 0 && `${waiting} waiting`].filter(Boolean).join(", ");
  return (
    <button
      type="button"
      className="nb-chip nb-chip--calm"
      data-testid="nb-queue-chip"
      title={`${count(waiting, "run")} waiting: show the queue`}
      onClick={run}
    >
      {text}
    </button>
  );
}
