/** How wide the palette is in an editor of some width: with what the chosen node is beside the list, where there is room. */
const NARROW_PX = 360;
const WIDE_PX = 600;
const WIDE_FROM_PX = 700;
export const PALETTE_MARGIN_PX = 8;

export function isPaletteWide(editorWidth: number): boolean {
  return editorWidth >= WIDE_FROM_PX;
}

export function paletteWidth(editorWidth: number): number {
  return Math.min(isPaletteWide(editorWidth) ? WIDE_PX : NARROW_PX, editorWidth - 2 * PALETTE_MARGIN_PX);
}
