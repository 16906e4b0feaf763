import { CloseIcon, FitIcon, RedoIcon, TickIcon, UndoIcon } from "../icons";
import { ZoomInIcon, ZoomOutIcon } from "../lightbox/icons";
import { Tool } from "../lightbox/LightboxBar";
import type { Zoom } from "../lightbox/useZoom";
import { BrushIcon, EraserIcon, FeatherIcon, FillIcon, InvertIcon, TrashIcon } from "./icons";
import type { MaskEditing } from "./useMaskEditor";

interface Props {
  readonly name: string;
  readonly editing: MaskEditing;
  readonly zoom: Zoom;
  readonly saving: boolean;
  /** Close was asked for, and there is a mask to lose. */
  readonly asked: boolean;
  readonly onSave: () => void;
  readonly onClose: () => void;
}

const ZOOM_STEP = 1.5;
const LARGEST_RADIUS = 500;
const MOST_SOFT = 200;

export function MaskBar({ name, editing, zoom, saving, asked, onSave, onClose }: Props) {
  const { tool, setTool } = editing;
  return (
    <>
      <div className="nb-dialog-bar">
        <span className="nb-dialog-title" title={name}>
          {name}
        </span>
        {asked && (
          <span className="nb-dialog-word" role="status">
            Close again to throw the mask away
          </span>
        )}
        <button type="button" className="nb-mask-save" disabled={saving} title="Save (Ctrl+S)" onClick={onSave}>
          <TickIcon />
          {saving ? "Saving" : "Save"}
        </button>
        <Tool label="Close without saving" keys="Esc" onClick={onClose} icon={<CloseIcon />} />
      </div>
      <div className="nb-dialog-bar nb-mask-bar">
        <div className="nb-mask-group" role="toolbar" aria-label="Tools">
          <Tool
            label="Brush"
            keys="B"
            pressed={tool === "brush"}
            onClick={() => setTool("brush")}
            icon={<BrushIcon />}
          />
          <Tool
            label="Eraser"
            keys="E"
            pressed={tool === "eraser"}
            onClick={() => setTool("eraser")}
            icon={<EraserIcon />}
          />
          <Tool
            label="Fill an area"
            keys="G"
            pressed={tool === "fill"}
            onClick={() => setTool("fill")}
            icon={<FillIcon />}
          />
        </div>
        <Range
          label="Size"
          value={Math.sqrt(editing.radius / LARGEST_RADIUS)}
          shown={`${editing.radius * 2} px`}
          onChange={(share) => editing.setRadius(share * share * LARGEST_RADIUS)}
        />
        <Range
          label="Hardness"
          value={editing.hardness}
          shown={`${Math.round(editing.hardness * 100)} %`}
          onChange={editing.setHardness}
        />
        <Range
          label="Opacity"
          value={editing.opacity}
          shown={`${Math.round(editing.opacity * 100)} %`}
          onChange={editing.setOpacity}
        />
        <div className="nb-mask-group">
          <Tool label="Undo" keys="Ctrl+Z" disabled={!editing.canUndo} onClick={editing.undo} icon={<UndoIcon />} />
          <Tool
            label="Redo"
            keys="Ctrl+Shift+Z"
            disabled={!editing.canRedo}
            onClick={editing.redo}
            icon={<RedoIcon />}
          />
        </div>
        <div className="nb-mask-group">
          <Tool label="Select the opposite" keys="I" onClick={editing.invert} icon={<InvertIcon />} />
          <Tool label="Select nothing" onClick={editing.clear} icon={<TrashIcon />} />
          <Tool label={`Soften the edges by ${editing.softness} px`} onClick={editing.feather} icon={<FeatherIcon />} />
          <input
            className="nb-mask-number"
            type="number"
            min={1}
            max={MOST_SOFT}
            value={editing.softness}
            aria-label="By how many pixels the edges are softened"
            onChange={(event) => {
              const px = Math.round(Number(event.target.value));
              if (px >= 1 && px <= MOST_SOFT) editing.setSoftness(px);
            }}
          />
        </div>
        <div className="nb-mask-group">
          <Tool label="Smaller" keys="−" onClick={() => zoom.zoom(1 / ZOOM_STEP)} icon={<ZoomOutIcon />} />
          <Tool label="Larger" keys="+" onClick={() => zoom.zoom(ZOOM_STEP)} icon={<ZoomInIcon />} />
          <Tool label="Fit" keys="0" onClick={zoom.fit} icon={<FitIcon />} />
        </div>
      </div>
    </>
  );
}

interface RangeProps {
  readonly label: string;
  /** 0 to 1. */
  readonly value: number;
  readonly shown: string;
  readonly onChange: (value: number) => void;
}

const STEPS = 100;

function Range({ label, value, shown, onChange }: RangeProps) {
  return (
    <label className="nb-mask-range" title={`${label}: ${shown}`}>
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={STEPS}
        value={Math.round(value * STEPS)}
        aria-valuetext={shown}
        onChange={(event) => onChange(Number(event.target.value) / STEPS)}
      />
    </label>
  );
}
