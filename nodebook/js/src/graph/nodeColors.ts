/** Colours of cards. A name is kept in the document's view and has a value for each theme (styles/colors.css). */

export const NODE_COLORS = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"] as const;
export type NodeColor = (typeof NODE_COLORS)[number];

const HEX = /^#(?:[0-9a-f]{3}){1,2}$/i;

/** The CSS colour of a view's `color`: the palette's for its names, else as it is. Undefined where it is no colour. */
export function cssColor(color: unknown): string | undefined {
  if (typeof color !== "string" || color === "") return undefined;
  if ((NODE_COLORS as readonly string[]).includes(color)) return `var(--nb-color-${color})`;
  return HEX.test(color) ? color : undefined;
}
