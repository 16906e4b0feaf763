import { useEffect } from "react";
import { dropNotice, type Notice } from "../state/client";
import { useClient, useEditor } from "./context";
import { CloseIcon } from "./icons";

const INFO_MS = 5000;
const WARNING_MS = 9000;

/** Short messages at the bottom. Errors stay until they are closed. */
export function Notices() {
  const notices = useClient((state) => state.notices);
  return (
    <div className="nb-notices" aria-live="polite">
      {notices.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeLine({ notice }: { readonly notice: Notice }) {
  const { client } = useEditor();
  useEffect(() => {
    if (notice.level === "error") return;
    const timer = setTimeout(() => dropNotice(client, notice.id), notice.level === "info" ? INFO_MS : WARNING_MS);
    return () => clearTimeout(timer);
  }, [notice, client]);
  return (
    <div className="nb-notice" data-level={notice.level} role={notice.level === "error" ? "alert" : "status"}>
      <span>{notice.text}</span>
      <button type="button" className="nb-icon-button" aria-label="Close" onClick={() => dropNotice(client, notice.id)}>
        <CloseIcon />
      </button>
    </div>
  );
}
