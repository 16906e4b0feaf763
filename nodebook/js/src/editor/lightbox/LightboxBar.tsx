import type { ReactNode } from "react";
import type { Picture } from "../../state/pictures";
import { CloseIcon, FitIcon, NextIcon, PreviousIcon } from "../icons";
import { DownloadIcon, GridIcon, ZoomInIcon, ZoomOutIcon } from "./icons";
import type { useFullPicture } from "./useFullPicture";
import type { Zoom } from "./useZoom";

interface Props {
  readonly title: string;
  readonly index: number;
  readonly count: number;
  readonly picture: Picture | undefined;
  readonly grid: boolean;
  readonly zoom: Zoom;
  readonly full: ReturnType<typeof useFullPicture>;
  readonly onGrid: () => void;
  readonly onShow: (index: number) => void;
  readonly onClose: () => void;
}

const STEP = 1.5;

export function LightboxBar(props: Props) {
  const { title, index, count, picture, grid, zoom, full, onGrid, onShow, onClose } = props;
  const size = picture && !grid ? ` · ${picture.width} × ${picture.height}` : "";
  const kind = picture?.kind === "preview" ? " · preview" : "";
  return (
    <div className="nb-dialog-bar">
      <span className="nb-dialog-title" title={title}>
        {title}
        <span className="nb-muted">
          {size}
          {kind}
        </span>
      </span>
      {full.failed !== null && !grid && <span className="nb-dialog-word">{full.failed}</span>}
      {count > 1 && !grid && (
        <>
          <Tool label="Picture before" keys="←" onClick={() => onShow(index - 1)} icon={<PreviousIcon />} />
          <span className="nb-dialog-count" data-testid="nb-lightbox-index">
            {index + 1}/{count}
          </span>
          <Tool label="Next picture" keys="→" onClick={() => onShow(index + 1)} icon={<NextIcon />} />
        </>
      )}
      {count > 1 && <Tool label="All pictures" keys="G" pressed={grid} onClick={onGrid} icon={<GridIcon />} />}
      {!grid && (
        <>
          <Tool label="Smaller" keys="−" onClick={() => zoom.zoom(1 / STEP)} icon={<ZoomOutIcon />} />
          <button
            type="button"
            className="nb-dialog-percent"
            aria-label={`${Math.round(zoom.now.scale * 100)} %, show at 100 %`}
            title="Show each pixel as one (1)"
            onClick={zoom.actual}
          >
            {Math.round(zoom.now.scale * 100)} %
          </button>
          <Tool label="Larger" keys="+" onClick={() => zoom.zoom(STEP)} icon={<ZoomInIcon />} />
          <Tool label="Fit" keys="0" onClick={zoom.fit} icon={<FitIcon />} />
          <Tool
            label="Download as PNG"
            keys="S"
            disabled={!full.ready}
            onClick={full.download}
            icon={<DownloadIcon />}
          />
        </>
      )}
      <Tool label="Close" keys="Esc" onClick={onClose} icon={<CloseIcon />} />
    </div>
  );
}

interface ToolProps {
  readonly label: string;
  readonly keys?: string;
  readonly icon: ReactNode;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

export function Tool({ label, keys, icon, pressed, disabled, onClick }: ToolProps) {
  return (
    <button
      type="button"
      className="nb-icon-button"
      aria-label={label}
      aria-pressed={pressed}
      title={keys === undefined ? label : `${label} (${keys})`}
      disabled={disabled}
      onClick={onClick}
    >
      {icon}
    </button>
  );
}
