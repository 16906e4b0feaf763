import { memo, type RefObject, useEffect, useRef, useState } from "react";
import type { NodePictures, Picture } from "../state/pictures";
import { useClient, useEditor, usePictures } from "./context";
import { CompareView } from "./displays/CompareView";
import { useDisplays } from "./displays/Displays";
import { EnlargeIcon, NextIcon, PreviousIcon } from "./icons";
import { useMissing } from "./lightbox/Lightbox";
import { createPainter } from "./painter";

/** The node's newest picture; of a batch, one at a time. */
export const Preview = memo(function Preview({ id }: { readonly id: string }) {
  const pictures = usePictures((state) => state.byNode[id]);
  const wanted = useClient((state) => state.pictureIndex[id] ?? 0);
  const displays = useDisplays(id);
  if (pictures === undefined) return null;
  const index = Math.min(wanted, pictures.count - 1);
  const pairs = displays.find((display) => display.kind === "compare")?.pairs ?? 0;
  // While the pictures of another run come, the slider waits.
  if (pairs > 0 && pictures.count === 2 * pairs) return <CompareView id={id} pairs={pairs} pictures={pictures} />;
  return <Shown id={id} index={index} pictures={pictures} />;
});

interface ShownProps {
  readonly id: string;
  readonly index: number;
  readonly pictures: NodePictures;
}

function Shown({ id, index, pictures }: ShownProps) {
  useMissing(id, index, pictures.kind === "result" && pictures.frames[index] === undefined);
  return (
    <figure className="nb-preview" data-kind={pictures.kind}>
      <PictureCanvas id={id} index={index} picture={pictures.frames[index]} />
      <PreviewBar id={id} index={index} count={pictures.count} isPreview={pictures.kind === "preview"} />
    </figure>
  );
}

interface CanvasProps {
  readonly id: string;
  readonly index: number;
  readonly picture: Picture | undefined;
}

export function PictureCanvas({ id, index, picture }: CanvasProps) {
  const { session } = useEditor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<ReturnType<typeof createPainter> | null>(null);
  const inSight = useInSight(canvas);
  useEffect(() => {
    if (canvas.current === null) return;
    painter.current = createPainter(canvas.current, session.pictures.painted);
    return () => painter.current?.stop();
  }, [session]);
  useEffect(() => {
    if (inSight) return session.pictures.watch(id, index);
  }, [session, id, index, inSight]);
  useEffect(() => {
    if (inSight && picture !== undefined) painter.current?.paint(picture);
  }, [picture, inSight]);
  return (
    <canvas
      ref={canvas}
      className="nb-canvas"
      data-testid="nb-picture"
      style={picture && { aspectRatio: frameRatio(picture) }}
      aria-label={picture ? `Picture of node ${id}, ${picture.width} × ${picture.height}` : "Picture"}
      role="img"
    />
  );
}

/** A tall picture is shown in a square: code that places cards leaves room for that (engine/layout.py), and no more. */
function frameRatio({ width, height }: Picture): number {
  return Math.max(1, width / height);
}

/** Whether any of it can be seen. What cannot is not decoded either: the cell may be scrolled away while it runs. */
function useInSight(element: RefObject<Element | null>): boolean {
  const [inSight, setInSight] = useState(false);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver((entries) => setInSight(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return inSight;
}

interface BarProps {
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly isPreview: boolean;
}

/** The size of a result; a preview's says nothing of what it is a preview of. */
export function PreviewBar({ id, index, count, isPreview }: BarProps) {
  const { client } = useEditor();
  const picture = usePictures((state) => state.byNode[id]?.frames[index]);
  const show = (at: number) =>
    client.setState((state) => ({ pictureIndex: { ...state.pictureIndex, [id]: (at + count) % count } }));
  return (
    <figcaption className="nb-preview-bar nodrag">
      <span className="nb-size">{isPreview ? "Preview" : picture && `${picture.width} × ${picture.height}`}</span>
      {count > 1 && (
        <span className="nb-stepper">
          <button type="button" className="nb-icon-button" aria-label="Picture before" onClick={() => show(index - 1)}>
            <PreviousIcon />
          </button>
          <span data-testid="nb-picture-index">
            {index + 1}/{count}
          </span>
          <button type="button" className="nb-icon-button" aria-label="Next picture" onClick={() => show(index + 1)}>
            <NextIcon />
          </button>
        </span>
      )}
      <button
        type="button"
        className="nb-icon-button"
        aria-label="Show the picture large"
        title="Show large"
        onClick={() => client.setState({ enlarged: id })}
      >
        <EnlargeIcon />
      </button>
    </figcaption>
  );
}
