import { useEffect, useState } from "react";
import type { MaskPlace } from "../../state/client";
import { useClient, useEditor } from "../context";
import { Dialog } from "../Dialog";
import { CloseIcon } from "../icons";
import { Tool } from "../lightbox/LightboxBar";
import { MaskDesk } from "./MaskDesk";
import { openPainting, type Painting } from "./pictures";

/** A mask is painted on a picture of the input folder, over the whole editor. */
export function MaskEditor() {
  const place = useClient((state) => state.masking);
  return place === null ? null : <OpenMask key={`${place.node}/${place.name}`} place={place} />;
}

function OpenMask({ place }: { readonly place: MaskPlace }) {
  const { session, client } = useEditor();
  const [painting, setPainting] = useState<Painting | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const close = () => client.setState({ masking: null });
  useEffect(() => {
    let wanted = true;
    session
      .fullPicture(place.node, 0, place.name)
      .then(({ blob }) => openPainting(blob))
      .then((opened) => (wanted ? setPainting(opened) : opened.picture.close()))
      .catch((error: Error) => wanted && setFailed(error.message));
    return () => {
      wanted = false;
    };
  }, [session, place]);
  useEffect(() => () => painting?.picture.close(), [painting]);
  if (painting !== null) return <MaskDesk place={place} painting={painting} onClose={close} />;
  return (
    <Dialog label={`Paint a mask on ${place.name}`} className="nb-mask" testId="nb-mask" onClose={close}>
      <div className="nb-dialog-bar">
        <span className="nb-dialog-title">{place.name}</span>
        <Tool label="Close" keys="Esc" onClick={close} icon={<CloseIcon />} />
      </div>
      <p className="nb-zoom-wait">{failed ?? "The picture is on its way"}</p>
    </Dialog>
  );
}
