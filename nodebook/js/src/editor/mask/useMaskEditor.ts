/** What the mask editor works on: the layer, its history, the tools; and when something of it changed. */
import { useMemo, useReducer, useRef, useState } from "react";
import { createHistory } from "../../mask/history";
import { feather, fillArea, invert, type MaskLayer, type Rect, wholeRect } from "../../mask/layer";
import { type Brush, beginStroke, type Stroke, type Touch } from "../../mask/stroke";

export type MaskTool = "brush" | "eraser" | "fill";

const SMALLEST_PX = 1;
const LARGEST_PX = 500;
const USUAL_SHARE = 0.05;

export function useMaskEditor(layer: MaskLayer, onChange: (rect: Rect) => void) {
  const history = useMemo(() => createHistory(layer), [layer]);
  const [tool, setTool] = useState<MaskTool>("brush");
  const [radius, setRadius] = useState(() => usualRadius(layer));
  const [hardness, setHardness] = useState(0.8);
  const [opacity, setOpacity] = useState(1);
  const [softness, setSoftness] = useState(8);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const stroke = useRef<Stroke | null>(null);
  const changed = useRef(false);

  const tell = (rect: Rect | null) => {
    if (rect === null) return;
    changed.current = true;
    onChange(rect);
  };
  const whole = (act: () => Rect | null) => {
    const before = layer.data.slice();
    const rect = act();
    history.add(before, rect);
    tell(rect);
    render();
  };
  const brush: Brush = { radius, hardness, opacity, erase: tool === "eraser" };

  return {
    tool,
    setTool,
    radius,
    setRadius: (px: number) => setRadius(Math.min(LARGEST_PX, Math.max(SMALLEST_PX, Math.round(px)))),
    hardness,
    setHardness,
    opacity,
    setOpacity,
    softness,
    setSoftness,
    canUndo: history.canUndo,
    canRedo: history.canRedo,
    /** Whether there is anything to save. */
    changed,
    /** The pen is down. `erase`: by the other end of a pen. */
    begin(touch: Touch, erase: boolean) {
      if (tool === "fill") return whole(() => fillArea(layer, touch.x, touch.y, erase));
      stroke.current = beginStroke(layer, erase ? { ...brush, erase: true } : brush, touch);
      tell(stroke.current.changed);
    },
    move(touch: Touch) {
      tell(stroke.current?.to(touch) ?? null);
    },
    end() {
      const ended = stroke.current;
      stroke.current = null;
      if (ended === null) return;
      history.add(ended.before, ended.changed);
      render();
    },
    undo() {
      tell(history.undo());
      render();
    },
    redo() {
      tell(history.redo());
      render();
    },
    invert() {
      whole(() => {
        invert(layer);
        return wholeRect(layer);
      });
    },
    clear() {
      whole(() => {
        layer.data.fill(0);
        return wholeRect(layer);
      });
    },
    feather() {
      whole(() => {
        feather(layer, softness);
        return wholeRect(layer);
      });
    },
  };
}

export type MaskEditing = ReturnType<typeof useMaskEditor>;

function usualRadius({ width, height }: MaskLayer): number {
  return Math.max(SMALLEST_PX, Math.round(Math.max(width, height) * USUAL_SHARE));
}
