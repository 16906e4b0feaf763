/** Says on the root whether the page is light or dark, for what CSS variables alone cannot choose. */
const DARK_BELOW = 0.4;

export function watchTheme(root: HTMLElement, signal: AbortSignal): void {
  const { ownerDocument } = root;
  const media = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const theme = isDark(root, media.matches) ? "dark" : "light";
    if (root.dataset.theme !== theme) root.dataset.theme = theme;
  };
  const observer = new MutationObserver(() => requestAnimationFrame(update));
  const attributes = {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "data-jp-theme-name", "style"],
  };
  observer.observe(ownerDocument.body, attributes);
  observer.observe(ownerDocument.documentElement, attributes);
  media.addEventListener("change", update, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  update();
}

function isDark(root: HTMLElement, preferred: boolean): boolean {
  const flag = root.ownerDocument.body.dataset.jpThemeLight;
  if (flag !== undefined) return flag === "false";
  for (let element = root.parentElement; element !== null; element = element.parentElement) {
    const luminance = luminanceOf(getComputedStyle(element).backgroundColor);
    if (luminance !== null) return luminance < DARK_BELOW;
  }
  return preferred;
}

/** 0 to 1; null where the colour is see-through. */
function luminanceOf(color: string): number | null {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
  if (color === "" || color === "transparent" || alpha === 0) return null;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
