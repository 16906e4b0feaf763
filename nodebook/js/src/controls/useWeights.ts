/** Ctrl-↑ and Ctrl-↓ in a text change a weight; Ctrl-Z takes that back as it does what was typed. */
import { type KeyboardEvent, useRef } from "react";
import { changeWeight, WEIGHT_STEP } from "../graph/weights";
import { replaceText } from "./replaceText";

const KEYS: Readonly<Record<string, number>> = { ArrowUp: WEIGHT_STEP, ArrowDown: -WEIGHT_STEP };

interface Done {
  readonly before: string;
  readonly after: string;
  readonly start: number;
  readonly end: number;
}

export function useWeights() {
  const done = useRef<Done[]>([]);

  const change = (field: HTMLTextAreaElement, by: number) => {
    const { value: before, selectionStart: start, selectionEnd: end } = field;
    const found = changeWeight(before, start, end, by);
    if (found === null) return;
    replaceText(field, found);
    done.current.push({ before, after: field.value, start, end });
  };

  /** Whether the last thing that happened to the text was a weight. */
  const undo = (field: HTMLTextAreaElement): boolean => {
    const last = done.current.at(-1);
    if (last === undefined || last.after !== field.value) return false;
    done.current.pop();
    field.ownerDocument.execCommand("undo");
    // Seen in JupyterLab: Chromium's own undo reports that it can, and changes nothing.
    if (field.value === last.after) {
      const { before, after, start, end } = last;
      replaceText(field, { from: 0, to: after.length, insert: before, start, end });
    }
    return true;
  };

  /** Whether the key was its own. */
  return (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
    const by = KEYS[event.key];
    if (by !== undefined) change(event.currentTarget, by);
    else return event.key === "z" && undo(event.currentTarget);
    return true;
  };
}
