import { type ReactNode, useRef } from "react";
import type { MenuItems } from "../state/client";
import { useClient, useEditor } from "./context";

interface Props {
  readonly testid: string;
  readonly label: string;
  readonly items: MenuItems;
  /** Which side of the button the menu begins at. */
  readonly side: "left" | "right";
  readonly className?: string;
  readonly children: ReactNode;
}

/** A button of the toolbar that opens a menu of commands under itself, and gets the keyboard back from it. */
export function MenuButton({ testid, label, items, side, className = "", children }: Props) {
  const { client, root } = useEditor();
  const open = useClient((state) => state.menu?.items === items);
  const button = useRef<HTMLButtonElement>(null);
  const show = () => {
    const at = button.current?.getBoundingClientRect();
    const box = root.getBoundingClientRect();
    if (at === undefined) return;
    const corner = { x: at[side] - box.left, y: at.bottom - box.top + 2 };
    client.setState({ menu: open ? null : { at: corner, items, returnTo: button.current } });
  };
  return (
    <button
      ref={button}
      type="button"
      className={`nb-button nb-button--icon ${className}`}
      data-testid={testid}
      aria-label={label}
      aria-haspopup="menu"
      aria-expanded={open}
      title={label}
      onClick={show}
    >
      {children}
    </button>
  );
}
