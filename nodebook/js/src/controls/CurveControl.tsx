import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { addPoint, type CurvePoints, curveAt, movePoint, pointsOf, removePoint } from "../graph/curves";
import type { Value } from "../graph/document";
import { type ControlProps, describeInput, type WidgetOf } from "./types";

const LINE_PARTS = 64;
const KEY_STEP = 0.01;
const BIG_STEP = 10;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
const COMMIT_MS = 350;

/** A curve: drag its points, double-click to add one, Delete or a double-click on one to take it away. */
export function CurveControl({ input, value, onCommit, onReset }: ControlProps<WidgetOf<"curve">>) {
  const frame = useRef<SVGSVGElement>(null);
  const [draft, setDraft] = useState<CurvePoints | null>(null);
  const drag = useRef<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const points = draft ?? pointsOf(value);
  const latest = useRef(points);
  latest.current = points;

  const show = (next: CurvePoints) => {
    latest.current = next;
    setDraft(next);
  };
  const commit = () => {
    clearTimeout(timer.current);
    setDraft(null);
    if (JSON.stringify(latest.current) !== JSON.stringify(pointsOf(value)))
      onCommit(latest.current as unknown as Value);
  };
  const placeOf = (event: PointerEvent | React.MouseEvent): readonly [number, number] => {
    const box = (frame.current as SVGSVGElement).getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
  };
  const add = (event: React.MouseEvent) => {
    const added = addPoint(points, ...placeOf(event));
    if (added === null) return;
    show(added.points);
    commit();
  };
  const remove = (index: number) => {
    show(removePoint(points, index));
    commit();
    (frame.current?.querySelectorAll("[role=slider]")[Math.max(0, index - 1)] as SVGElement | undefined)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow !== undefined) {
      const [x, y] = points[index] as readonly [number, number];
      const step = KEY_STEP * (event.shiftKey ? BIG_STEP : 1);
      show(movePoint(points, index, x + arrow[0] * step, y + arrow[1] * step));
      clearTimeout(timer.current);
      timer.current = setTimeout(commit, COMMIT_MS);
    } else if (event.key === "Delete" || event.key === "Backspace") remove(index);
    else if (event.key === "Insert" || event.key === "+") addBeside(index);
    else if (event.key === "Home") onReset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** By keys: a point halfway to the next one. */
  const addBeside = (index: number) => {
    const at = index < points.length - 1 ? index : index - 1;
    const [before, after] = [points[at], points[at + 1]] as [readonly [number, number], readonly [number, number]];
    const x = (before[0] + after[0]) / 2;
    const added = addPoint(points, x, curveAt(points)(x));
    if (added === null) return;
    show(added.points);
    commit();
  };
  return (
    <div className="nb-field nb-field--area nb-curve nodrag" title={describeInput(input)}>
      <span className="nb-label">{input.name}</span>
      <svg ref={frame} className="nb-curve-frame" viewBox="0 0 1 1" preserveAspectRatio="none" onDoubleClick={add}>
        <title>{`${input.name}: double-click to add a point`}</title>
        <path className="nb-curve-grid" d="M.25 0V1M.5 0V1M.75 0V1M0 .25H1M0 .5H1M0 .75H1" />
        <path className="nb-curve-line" d={lineOf(points)} />
      </svg>
      <div className="nb-curve-points">
        {points.map(([x, y], index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: points are known by their order
            key={index}
            className="nb-curve-point"
            role="slider"
            tabIndex={0}
            aria-label={`Point ${index + 1} of ${input.name}`}
            aria-valuenow={y}
            aria-valuemin={0}
            aria-valuemax={1}
            aria-valuetext={`${x.toFixed(2)} becomes ${y.toFixed(2)}`}
            title={`${x.toFixed(2)} becomes ${y.toFixed(2)}\nArrows move it, + adds one beside it, Delete takes it away`}
            style={{ left: `${x * 100}%`, top: `${(1 - y) * 100}%` }}
            onPointerDown={(event) => {
              if (event.button !== 0) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              drag.current = index;
            }}
            onPointerMove={(event) => {
              if (drag.current === index) show(movePoint(latest.current, index, ...placeOf(event)));
            }}
            onPointerUp={() => {
              if (drag.current !== null) commit();
              drag.current = null;
            }}
            onPointerCancel={() => {
              drag.current = null;
              setDraft(null);
            }}
            onDoubleClick={(event) => {
              event.stopPropagation();
              remove(index);
            }}
            onBlur={() => draft !== null && drag.current === null && commit()}
            onKeyDown={(event) => onKeyDown(event, index)}
          />
        ))}
      </div>
    </div>
  );
}

function lineOf(points: CurvePoints): string {
  const at = curveAt(points);
  const parts = Array.from({ length: LINE_PARTS + 1 }, (_, part) => part / LINE_PARTS);
  return parts.map((x, index) => `${index === 0 ? "M" : "L"}${x} ${(1 - at(x)).toFixed(4)}`).join("");
}
