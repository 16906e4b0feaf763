import { useState } from "react";
import type { NodeError } from "../../protocol";
import { parseTraceback, placeOf } from "../../state/traceback";
import { useEditor } from "../context";
import { TickIcon } from "../icons";
import { copyText } from "./copyText";
import { CopyIcon } from "./icons";

const COPIED_MS = 1500;

/** Where it was raised, and the whole traceback one click away. */
export function Traceback({ error, traceback }: { readonly error: NodeError; readonly traceback: string }) {
  const { root } = useEditor();
  const [copied, setCopied] = useState(false);
  const place = placeOf(traceback);
  const copy = () => {
    void copyText(root, traceback);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <details className="nb-traceback nowheel">
      <summary>
        {error.kind}
        {place === null ? ": traceback" : ` in ${place}`}
      </summary>
      <button
        type="button"
        className="nb-icon-button nb-copy"
        aria-label="Copy the traceback"
        title="Copy"
        onClick={copy}
      >
        {copied ? <TickIcon /> : <CopyIcon />}
      </button>
      <pre>
        {parseTraceback(traceback).map(({ at, text, isPlace }) =>
          isPlace ? (
            <b key={at} className="nb-place">
              {text}
            </b>
          ) : (
            text
          ),
        )}
      </pre>
    </details>
  );
}
