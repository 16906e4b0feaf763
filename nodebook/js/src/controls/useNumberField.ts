/** Behaviour shared by the number field and the slider: scrub, type in, step. One commit per gesture. */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import type { Value } from "../graph/document";
import { clampNumber, type NumberWidget, type Numeric, numberOf, parseNumber, stepNumber } from "../graph/numbers";

const DRAG_THRESHOLD_PX = 3;
const STEP_COMMIT_MS = 350;

interface Options {
  readonly value: Value | undefined;
  readonly widget: NumberWidget;
  /** No number at all is what the input has by default. */
  readonly optional: boolean;
  readonly onCommit: (value: Value) => void;
  readonly onReset: () => void;
  /** The number for a drag from `start` by `dx` pixels. */
  readonly dragged: (start: Numeric, dx: number, event: PointerEvent<HTMLElement>) => Numeric;
}

interface Drag {
  readonly x: number;
  readonly start: Numeric;
  moved: boolean;
}

export function useNumberField({ value, widget, optional, onCommit, onReset, dragged }: Options) {
  const [draft, setDraft] = useState<Numeric | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [selectAll, setSelectAll] = useState(true);
  const drag = useRef<Drag | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const returnFocus = useRef(false);
  const field = useRef<HTMLDivElement>(null);
  const current = numberOf(value, widget);
  const shown = draft ?? current;
  /** From where a drag or a step starts. */
  const base = shown ?? clampNumber(0, widget);
  const latest = useRef({ draft, current, onCommit });
  latest.current = { draft, current, onCommit };

  const commit = (next: Numeric | null) => {
    clearTimeout(timer.current);
    setDraft(null);
    if (next !== null && !Object.is(next, latest.current.current)) latest.current.onCommit(next);
  };
  // A card that scrolls away while its number is being stepped still sends it.
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      const { draft: unsent, current: old, onCommit: send } = latest.current;
      if (unsent !== null && !Object.is(unsent, old)) send(unsent);
    },
    [],
  );

  const step = (steps: number) => {
    const next = stepNumber(latest.current.draft ?? latest.current.current ?? base, steps, widget);
    latest.current.draft = next;
    setDraft(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => commit(next), STEP_COMMIT_MS);
  };

  const finishEditing = (text: string, refocus: boolean) => {
    setEditing(null);
    // Where none is the default, an empty field means it.
    const cleared = optional && text.trim() === "";
    commit(cleared ? null : parseNumber(text, widget));
    if (cleared) onReset();
    returnFocus.current = refocus;
  };
  // The field itself is back only after the next render.
  useEffect(() => {
    if (editing === null && returnFocus.current) field.current?.focus({ preventScroll: true });
    returnFocus.current = false;
  }, [editing]);

  const startEditing = (typed?: string) => {
    setSelectAll(typed === undefined);
    setEditing(typed ?? String(shown ?? ""));
  };

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.focus({ preventScroll: true });
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, start: base, moved: false };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const now = drag.current;
    if (now === null) return;
    const dx = event.clientX - now.x;
    now.moved ||= Math.abs(dx) > DRAG_THRESHOLD_PX;
    if (now.moved) setDraft(clampNumber(dragged(now.start, dx, event), widget));
  };
  const onPointerUp = () => {
    const moved = drag.current?.moved;
    drag.current = null;
    if (moved) commit(latest.current.draft);
  };
  const cancelDrag = () => {
    drag.current = null;
    setDraft(null);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey) return;
    const steps = STEPS[event.key];
    if (steps !== undefined) step(steps * (event.shiftKey ? 10 : 1));
    else if (event.key === "Enter") startEditing();
    else if (/^[0-9.\-+]$/.test(event.key)) startEditing(event.key);
    else if (event.key === "Backspace" || event.key === "Delete") onReset();
    else if (event.key === "Escape" && draft !== null) cancelDrag();
    else return;
    event.preventDefault();
  };

  return {
    shown,
    editing,
    selectAll,
    setEditing,
    cancelEditing: () => {
      returnFocus.current = true;
      setEditing(null);
    },
    finishEditing,
    fieldProps: {
      ref: field,
      tabIndex: 0,
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerCancel: cancelDrag,
      onDoubleClick: () => startEditing(),
      onKeyDown,
      onBlur: () => draft !== null && drag.current === null && commit(draft),
      "aria-valuenow": shown === null ? undefined : Number(shown),
      "aria-valuetext": shown === null ? "none" : undefined,
      "aria-valuemin": widget.min === null || widget.min === undefined ? undefined : Number(widget.min),
      "aria-valuemax": widget.max === null || widget.max === undefined ? undefined : Number(widget.max),
    },
  };
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 10,
  PageDown: -10,
};
