import { useEffect, useRef } from "react";
import { useClient, useEditor, usePictures } from "./context";
import { CloseIcon } from "./icons";
import { createPainter } from "./painter";

/** A node's picture over the whole editor. Esc or a click closes it. */
export function Lightbox() {
  const id = useClient((state) => state.enlarged);
  return id === null ? null : <LargePicture id={id} />;
}

function LargePicture({ id }: { readonly id: string }) {
  const { client } = useEditor();
  const index = useClient((state) => state.pictureIndex[id] ?? 0);
  const picture = usePictures((state) => state.byNode[id]?.frames[index]);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current === null || picture === undefined) return;
    const painter = createPainter(canvas.current, () => {});
    painter.paint(picture);
    return painter.stop;
  }, [picture]);
  const close = () => client.setState({ enlarged: null });
  return (
    <button type="button" className="nb-lightbox" aria-label="Close the large picture" onClick={close}>
      <canvas ref={canvas} />
      <span className="nb-lightbox-close">
        <CloseIcon />
      </span>
    </button>
  );
}
