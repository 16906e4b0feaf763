import { type ReactNode, useId } from "react";

/**
 * What the keyboard is on while no field has it. An application to screen readers, since its keys are its own; the rest of
 * the editor (toolbar, panels, sheets) is read as any page.
 */
export function Stage({ children }: { readonly children: ReactNode }) {
  const keys = useId();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: an application handles keys itself
    <div className="nb-stage" role="application" tabIndex={0} aria-label="Canvas" aria-describedby={keys}>
      {children}
      <p id={keys} hidden>
        Alt with up and down goes from node to node, with left and right along the links. Enter goes into the fields of
        a node, C connects it, Tab adds a node. F6 goes to the toolbar and the panels, F1 shows all keys, Escape leaves.
      </p>
    </div>
  );
}
