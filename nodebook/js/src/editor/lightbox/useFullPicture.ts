import { useEffect, useRef, useState } from "react";
import { pushNotice } from "../../state/client";
import type { Picture } from "../../state/pictures";
import type { FullPicture } from "../../sync/fullPictures";
import { useEditor } from "../context";

/** While pictures are leafed through, the whole ones stay where they are. */
const REST_MS = 150;

/** The whole picture that a small copy stands for; nothing while there is only a preview. */
export function useFullPicture(id: string, index: number, picture: Picture | undefined) {
  const { session, client } = useEditor();
  const [full, setFull] = useState<{ seq: number; picture: FullPicture } | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const latest = useRef<number | undefined>(undefined);
  const seq = picture?.kind === "result" ? picture.seq : undefined;
  latest.current = seq;
  useEffect(() => {
    setFailed(null);
    if (seq === undefined) return;
    const timer = setTimeout(() => {
      session.fullPicture(id, index).then(
        (came) => latest.current === seq && setFull({ seq, picture: came }),
        (error: Error) => latest.current === seq && setFailed(error.message),
      );
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [session, id, index, seq]);
  const shown = full !== null && full.seq === seq ? full.picture : undefined;
  const download = () => {
    if (seq === undefined) return;
    const ready = shown === undefined ? session.fullPicture(id, index) : Promise.resolve(shown);
    ready.then(save, (error: Error) => pushNotice(client, "error", error.message));
  };
  return { blob: shown?.blob, failed, ready: seq !== undefined, download };
}

function save({ blob, name }: FullPicture): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
