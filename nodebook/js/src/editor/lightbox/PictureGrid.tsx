import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { usePictures } from "../context";
import { createPainter } from "../painter";
import { useMissing } from "./Lightbox";

interface Props {
  readonly id: string;
  readonly count: number;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

/** All pictures of a batch. Those that are out of sight are not fetched. */
export function PictureGrid({ id, count, chosen, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the grid opens
  useEffect(() => {
    cells(box.current)[chosen]?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = cells(box.current);
    const at = all.indexOf(event.target as HTMLElement);
    const columns = columnsOf(all);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const next = event.key === "Home" ? 0 : event.key === "End" ? count - 1 : step === undefined ? null : at + step;
    if (next === null || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[Math.min(count - 1, Math.max(0, next))]?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a grid of buttons, moved in by arrows
    <div
      ref={box}
      className="nb-grid"
      role="group"
      aria-label="All pictures"
      data-testid="nb-grid"
      onKeyDown={onKeyDown}
    >
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the index is what a picture is known by
        <GridPicture key={index} id={id} index={index} chosen={index === chosen} onChoose={() => onChoose(index)} />
      ))}
    </div>
  );
}

function cells(box: HTMLElement | null): HTMLElement[] {
  return [...(box?.querySelectorAll<HTMLElement>(".nb-grid-picture") ?? [])];
}

function columnsOf(all: readonly HTMLElement[]): number {
  const top = all[0]?.offsetTop;
  const next = all.findIndex((cell) => cell.offsetTop !== top);
  return next < 0 ? Math.max(1, all.length) : next;
}

interface GridPictureProps {
  readonly id: string;
  readonly index: number;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function GridPicture({ id, index, chosen, onChoose }: GridPictureProps) {
  const picture = usePictures((state) => state.byNode[id]?.frames[index]);
  const button = useRef<HTMLButtonElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useSeen(button);
  useMissing(id, index, seen && picture === undefined);
  useEffect(() => {
    if (canvas.current === null || picture === undefined || !seen) return;
    const painter = createPainter(canvas.current, () => {});
    painter.paint(picture);
    return painter.stop;
  }, [picture, seen]);
  return (
    <button
      ref={button}
      type="button"
      className="nb-grid-picture"
      data-index={index}
      aria-pressed={chosen}
      aria-label={`Picture ${index + 1}`}
      onClick={onChoose}
    >
      <canvas ref={canvas} data-shown={picture !== undefined} />
      <span>{index + 1}</span>
    </button>
  );
}

function useSeen(button: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (button.current === null) return;
    const observer = new IntersectionObserver((entries) =>
      setSeen((was) => was || entries.some((e) => e.isIntersecting)),
    );
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [button]);
  return seen;
}
