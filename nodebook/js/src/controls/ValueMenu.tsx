import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useRef } from "react";
import { TickIcon } from "../editor/icons";
import { Popup } from "../editor/Popup";

export interface ValueMenuItem {
  readonly label: string;
  /** For one of several: whether it is the one. */
  readonly checked?: boolean;
  readonly icon?: ReactNode;
  /** A line before it. */
  readonly apart?: boolean;
  readonly run: () => void;
}

interface Props {
  readonly label: string;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly items: readonly ValueMenuItem[];
  readonly onClose: () => void;
}

const MOVES: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** A small menu of a control: arrows move, Enter chooses, Esc leaves. The anchor gets the keyboard back. */
export function ValueMenu({ label, anchor, items, onClose }: Props) {
  const close = () => {
    onClose();
    anchor.current?.focus({ preventScroll: true });
  };
  return (
    <Popup anchor={anchor} onClose={onClose}>
      <Items label={label} items={items} onClose={close} />
    </Popup>
  );
}

/** Mounted only once the popup has its place. */
function Items({ label, items, onClose }: Pick<Props, "label" | "items" | "onClose">) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const buttons = box.current?.querySelectorAll<HTMLElement>("button");
    const checked = box.current?.querySelector<HTMLElement>("[aria-checked=true]");
    (checked ?? buttons?.[0])?.focus({ preventScroll: true });
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = buttons.indexOf((event.target as Element).closest("button") as HTMLElement);
    const move = MOVES[event.key];
    if (move !== undefined) buttons[(at + move + buttons.length) % buttons.length]?.focus();
    else if (event.key === "Home") buttons[0]?.focus();
    else if (event.key === "End") buttons.at(-1)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return;
    event.preventDefault();
  };
  return (
    <div ref={box} className="nb-menu nb-value-menu" role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
      {items.map(({ label: words, checked, icon, apart, run }) => (
        <div key={words} role="none" className="nb-value-menu-part" data-apart={apart}>
          {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: an item that can be checked has the role for it */}
          <button
            type="button"
            className="nb-menu-item"
            role={checked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={checked}
            tabIndex={-1}
            onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
            onClick={() => {
              onClose();
              run();
            }}
          >
            <span className="nb-menu-icon">{icon}</span>
            <span className="nb-menu-title">{words}</span>
            {checked && <TickIcon />}
          </button>
        </div>
      ))}
    </div>
  );
}
