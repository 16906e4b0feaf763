import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { useEditor } from "./context";

const FOCUSABLE = "button:enabled, input:enabled, select, textarea, audio, video, [tabindex='0']";

interface Props {
  readonly label: string;
  readonly className: string;
  readonly testId: string;
  readonly onClose: () => void;
  /** The dialog's own keys; whether one was used. */
  readonly onKey?: (event: KeyboardEvent<HTMLElement>) => boolean;
  readonly children: ReactNode;
}

/** Covers the whole editor and keeps the keyboard until it is closed, by Esc too. */
export function Dialog({ label, className, testId, onClose, onKey, children }: Props) {
  const { root } = useEditor();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = (root.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null;
    box.current?.focus({ preventScroll: true });
    const controller = new AbortController();
    // A button that goes away while it has the focus gives it to the root (guard.ts).
    const keep = (event: FocusEvent) => {
      if (!box.current?.contains(event.target as Node)) box.current?.focus({ preventScroll: true });
    };
    root.addEventListener("focusin", keep, { signal: controller.signal });
    return () => {
      controller.abort();
      (before?.isConnected && root.contains(before) ? before : root).focus({ preventScroll: true });
    };
  }, [root]);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Tab") keepInside(event, box.current);
    else if (onKey?.(event)) event.preventDefault();
    else if (event.key === "Escape") {
      event.preventDefault();
      onClose();
    }
    // What is behind a dialog must not be run, moved or removed by keys.
    if (!isPlainTyping(event) && !isScrolling(event)) event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={box}
      className={`nb-dialog ${className} nowheel nodrag`}
      role="dialog"
      aria-modal="true"
      aria-label={label}
      tabIndex={-1}
      data-testid={testId}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  );
}

/** The last one is followed by the first. */
function keepInside(event: KeyboardEvent<HTMLElement>, box: HTMLElement | null): void {
  const all = [...(box?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
  const target = event.target as HTMLElement;
  const at = all.indexOf(target);
  const edge = event.shiftKey ? 0 : all.length - 1;
  event.preventDefault();
  const next = at === edge || at < 0 ? (event.shiftKey ? all.at(-1) : all[0]) : all[at + (event.shiftKey ? -1 : 1)];
  next?.focus({ preventScroll: true });
}

/** On a part that scrolls: the browser moves it. */
function isScrolling(event: KeyboardEvent<HTMLElement>): boolean {
  const target = event.target as HTMLElement;
  const moves = /^(Arrow(Up|Down)|Page(Up|Down)|Home|End| )$/.test(event.key);
  return moves && target.scrollHeight > target.clientHeight && /auto|scroll/.test(getComputedStyle(target).overflowY);
}

function isPlainTyping(event: KeyboardEvent<HTMLElement>): boolean {
  const target = event.target as HTMLElement;
  return target.matches("input, textarea, select") || (target.matches("button") && /^(Enter| )$/.test(event.key));
}
