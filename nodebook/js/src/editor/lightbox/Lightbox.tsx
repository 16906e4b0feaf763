import { type KeyboardEvent, useEffect, useState } from "react";
import { own } from "../../graph/document";
import { titleOf } from "../../graph/library";
import { useClient, useEditor, useKernel, usePictures } from "../context";
import { Dialog } from "../Dialog";
import { LightboxBar } from "./LightboxBar";
import { PictureGrid } from "./PictureGrid";
import { useFullPicture } from "./useFullPicture";
import { useZoom } from "./useZoom";
import { ZoomedPicture } from "./ZoomedPicture";

/** A node's pictures over the whole editor. */
export function Lightbox() {
  const id = useClient((state) => state.enlarged);
  return id === null ? null : <LargePictures key={id} id={id} />;
}

function LargePictures({ id }: { readonly id: string }) {
  const { client } = useEditor();
  const pictures = usePictures((state) => state.byNode[id]);
  const wanted = useClient((state) => state.pictureIndex[id] ?? 0);
  const title = useKernel((state) => {
    const node = own(state.document.nodes, id);
    return node === undefined ? id : titleOf(state.library, node);
  });
  const [grid, setGrid] = useState(false);
  const count = pictures?.count ?? 0;
  const index = Math.min(wanted, Math.max(0, count - 1));
  const close = () => client.setState({ enlarged: null });
  const show = (at: number) => {
    if (count === 0) return;
    client.setState((state) => ({ pictureIndex: { ...state.pictureIndex, [id]: (at + count) % count } }));
  };
  const picture = pictures?.frames[index];
  useMissing(id, index, pictures?.kind === "result" && picture === undefined);
  const full = useFullPicture(id, index, grid ? undefined : picture);
  const zoom = useZoom(picture, `${id}/${index}`);
  // A node that is removed meanwhile has no pictures.
  useEffect(() => {
    if (pictures === undefined) client.setState({ enlarged: null });
  }, [pictures, client]);
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "g" && count > 1) setGrid(!grid);
    else if (event.key === "s" && !grid) full.download();
    else if (event.key === "ArrowRight" && !event.shiftKey && !grid) show(index + 1);
    else if (event.key === "ArrowLeft" && !event.shiftKey && !grid) show(index - 1);
    else return !grid && zoom.onKey(event);
    return true;
  };
  return (
    <Dialog label={`Pictures of ${title}`} className="nb-lightbox" testId="nb-lightbox" onClose={close} onKey={onKey}>
      <LightboxBar
        title={title}
        index={index}
        count={count}
        picture={picture}
        grid={grid}
        zoom={zoom}
        full={full}
        onGrid={() => setGrid(!grid)}
        onShow={show}
        onClose={close}
      />
      {grid ? (
        <PictureGrid
          id={id}
          count={count}
          chosen={index}
          onChoose={(at) => {
            show(at);
            setGrid(false);
          }}
        />
      ) : (
        <ZoomedPicture id={id} picture={picture} full={full.blob} zoom={zoom} />
      )}
    </Dialog>
  );
}

/** Ask for a picture of a batch that was not sent unasked. */
export function useMissing(id: string, index: number, missing: boolean): void {
  const { session } = useEditor();
  useEffect(() => {
    if (missing) session.morePictures(id, index);
  }, [session, id, index, missing]);
}
