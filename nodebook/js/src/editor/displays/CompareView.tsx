import { useEffect, useRef, useState } from "react";
import type { NodePictures, Picture } from "../../state/pictures";
import { useClient, useEditor } from "../context";
import { PictureCanvas, PreviewBar } from "../Preview";
import { createPainter } from "../painter";

interface Props {
  readonly id: string;
  readonly pairs: number;
  readonly pictures: NodePictures;
}

/** Two pictures one over the other: left of the slider the first, right of it the second. */
export function CompareView({ id, pairs, pictures }: Props) {
  const wanted = useClient((state) => state.pictureIndex[id] ?? 0);
  const { session } = useEditor();
  const [at, setAt] = useState(50);
  const index = wanted % pairs;
  const [left, right] = [pictures.frames[index], pictures.frames[index + pairs]];
  useEffect(() => {
    if (left === undefined) session.morePictures(id, index);
    if (right === undefined) session.morePictures(id, index + pairs);
  }, [session, id, index, pairs, left, right]);
  return (
    <figure className="nb-preview nb-compare nodrag">
      <div className="nb-compare-frame" style={left && { aspectRatio: `${left.width} / ${left.height}` }}>
        <PictureCanvas id={id} index={index} picture={left} />
        <RightPicture picture={right} at={at} />
        <span className="nb-compare-line" style={{ left: `${at}%` }} />
        <input
          type="range"
          className="nb-compare-slider"
          min={0}
          max={100}
          step={1}
          value={at}
          aria-label="Left of here the first picture, right of it the second"
          onChange={(event) => setAt(Number(event.target.value))}
        />
      </div>
      <PreviewBar id={id} index={index} count={pairs} isPreview={false} />
    </figure>
  );
}

function RightPicture({ picture, at }: { readonly picture: Picture | undefined; readonly at: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current === null || picture === undefined) return;
    const painter = createPainter(canvas.current, () => {});
    painter.paint(picture);
    return painter.stop;
  }, [picture]);
  return (
    <canvas
      ref={canvas}
      className="nb-compare-right"
      data-testid="nb-compare-right"
      style={{ clipPath: `inset(0 0 0 ${at}%)` }}
      role="img"
      aria-label="The second picture"
    />
  );
}
