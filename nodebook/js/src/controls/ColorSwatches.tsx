import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useEditor, useKernel } from "../editor/context";
import { Popup } from "../editor/Popup";
import { type Color, colorText, usedColors } from "../graph/hex";

const PALETTE: readonly number[] = [
  0x000000, 0x404040, 0x808080, 0xc0c0c0, 0xffffff, 0xe53935, 0xfb8c00, 0xfdd835, 0x43a047, 0x00acc1, 0x1e88e5,
  0x8e24aa,
];
const COLUMNS = 6;
const MOVES: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -COLUMNS,
  ArrowDown: COLUMNS,
};
const OPAQUE = 255;

interface Props {
  readonly label: string;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly current: Color;
  readonly withAlpha: boolean;
  readonly onChoose: (color: Color) => void;
  readonly onClose: () => void;
}

/** A few colours, those that the graph has already, and how transparent it is. */
export function ColorSwatches(props: Props) {
  const { anchor, onClose } = props;
  return (
    <Popup anchor={anchor} onClose={onClose}>
      <Swatches {...props} />
    </Popup>
  );
}

function Swatches({ label, anchor, current, withAlpha, onChoose, onClose }: Props) {
  const { kernel } = useEditor();
  const box = useRef<HTMLDivElement>(null);
  const library = useKernel((state) => state.library);
  const [used] = useState(() =>
    usedColors(kernel.getState().document, library).filter((rgb) => !PALETTE.includes(rgb)),
  );
  const [alpha, setAlpha] = useState(current.alpha ?? OPAQUE);
  useEffect(() => {
    const buttons = box.current?.querySelectorAll<HTMLElement>("button");
    (box.current?.querySelector<HTMLElement>("[aria-pressed=true]") ?? buttons?.[0])?.focus({ preventScroll: true });
  }, []);
  const close = () => {
    onClose();
    anchor.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = buttons.indexOf(event.target as HTMLElement);
    const move = MOVES[event.key];
    if (event.key === "Escape") close();
    else if (move !== undefined && at >= 0) buttons[Math.min(buttons.length - 1, Math.max(0, at + move))]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const swatch = (rgb: number) => {
    const text = colorText({ rgb, alpha: null }, false);
    return (
      <button
        key={rgb}
        type="button"
        className="nb-swatch-button"
        style={{ background: text }}
        aria-label={text}
        aria-pressed={rgb === current.rgb}
        title={text}
        onClick={() => {
          onChoose({ rgb, alpha });
          close();
        }}
      />
    );
  };
  return (
    <div
      ref={box}
      className="nb-swatches"
      role="dialog"
      aria-label={`Colours for ${label}`}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div className="nb-swatch-grid">{PALETTE.map(swatch)}</div>
      {used.length > 0 && (
        <>
          <span className="nb-muted">In this graph</span>
          <div className="nb-swatch-grid">{used.map(swatch)}</div>
        </>
      )}
      {withAlpha && (
        <label className="nb-swatch-alpha">
          <span className="nb-muted">Opacity</span>
          <input
            type="range"
            min={0}
            max={OPAQUE}
            value={alpha}
            aria-valuetext={`${Math.round((alpha / OPAQUE) * 100)} %`}
            onChange={(event) => setAlpha(Number(event.target.value))}
            onPointerUp={() => onChoose({ rgb: current.rgb, alpha })}
            onKeyUp={() => onChoose({ rgb: current.rgb, alpha })}
          />
          <span className="nb-muted">{Math.round((alpha / OPAQUE) * 100)} %</span>
        </label>
      )}
    </div>
  );
}
