import { useEffect, useState } from "react";
import { TickIcon } from "../icons";
import { CopyIcon } from "./icons";

const SAID_MS = 1500;

/** The text that a node gave, and a button that copies it. */
export function OutputText({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void copyText(text).then((done) => setCopied(done));
  return (
    <div className="nb-output nodrag">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <pre className="nb-output-text nowheel" tabIndex={0}>
        {text}
      </pre>
      <button
        type="button"
        className="nb-icon-button nb-output-copy"
        aria-label={copied ? "Copied" : "Copy the text"}
        title={copied ? "Copied" : "Copy the text"}
        onClick={copy}
      >
        {copied ? <TickIcon /> : <CopyIcon />}
      </button>
    </div>
  );
}

/** Pages without https have no clipboard of their own. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
