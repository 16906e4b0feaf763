import { useEffect, useState } from "react";
import type { FigureData, MediaData } from "../../state/displays";

/** An address for a file in the page, for as long as it is shown. */
function useUrl(blob: Blob): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}

/** A plot, as wide as the card. */
export function FigureDisplay({ figure }: { readonly figure: FigureData }) {
  const url = useUrl(figure.blob);
  const { width, height, name } = figure;
  return (
    <figure className="nb-display">
      {url !== undefined && (
        <img
          className="nb-figure"
          src={url}
          width={width}
          height={height}
          alt={name === undefined ? `Plot, ${width} × ${height}` : `Plot ${name}, ${width} × ${height}`}
          draggable={false}
        />
      )}
    </figure>
  );
}

/** The browser's own player. */
export function MediaDisplay({ media }: { readonly media: MediaData }) {
  const url = useUrl(media.blob);
  const label = media.name === undefined ? media.file : `${media.name}: ${media.file}`;
  return (
    <figure className="nb-display nodrag nowheel">
      {media.kind === "audio" ? (
        // biome-ignore lint/a11y/useMediaCaption: a result of a node has no captions
        <audio className="nb-media" controls src={url} aria-label={label} preload="metadata" />
      ) : (
        // biome-ignore lint/a11y/useMediaCaption: a result of a node has no captions
        <video className="nb-media" controls src={url} aria-label={label} preload="metadata" playsInline />
      )}
      <figcaption className="nb-display-caption">{label}</figcaption>
    </figure>
  );
}
