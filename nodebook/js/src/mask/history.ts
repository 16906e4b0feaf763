/** Undo and redo of a mask: of each step the bytes of what it changed, as long as all of them fit into a budget. */
import { copyRect, type MaskLayer, pasteRect, type Rect } from "./layer";

const BUDGET_BYTES = 64 << 20;

interface Step {
  readonly rect: Rect;
  /** What is there after undo, or after redo: the other one is on the layer. */
  bytes: Uint8ClampedArray;
}

export interface MaskHistory {
  /** Note a step. `before`: the whole layer as it was. */
  add(before: Uint8ClampedArray, rect: Rect | null): void;
  /** Take the last step back, or do it again. Returns what changed, null where there is nothing. */
  undo(): Rect | null;
  redo(): Rect | null;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

export function createHistory(layer: MaskLayer, budgetBytes = BUDGET_BYTES): MaskHistory {
  const done: Step[] = [];
  const undone: Step[] = [];
  const exchange = (from: Step[], to: Step[]): Rect | null => {
    const step = from.pop();
    if (step === undefined) return null;
    const now = copyRect(layer, step.rect);
    pasteRect(layer, step.rect, step.bytes);
    to.push({ rect: step.rect, bytes: now });
    return step.rect;
  };
  return {
    add(before, rect) {
      if (rect === null) return;
      undone.length = 0;
      done.push({ rect, bytes: copyRect({ ...layer, data: before }, rect) });
      let bytes = done.reduce((sum, step) => sum + step.bytes.length, 0);
      while (done.length > 1 && bytes > budgetBytes) bytes -= done.shift()?.bytes.length ?? 0;
    },
    undo: () => exchange(done, undone),
    redo: () => exchange(undone, done),
    get canUndo() {
      return done.length > 0;
    },
    get canRedo() {
      return undone.length > 0;
    },
  };
}
