/** CSS colours as a canvas takes them: variables have their value of the theme. Each is looked up once. */
export function readColors(root: HTMLElement): (css: string) => string {
  const known = themes.get(root);
  const theme = root.dataset.theme ?? "";
  const cache = known?.theme === theme ? known.colors : new Map<string, string>();
  themes.set(root, { theme, colors: cache });
  return (css) => {
    const found = cache.get(css);
    if (found !== undefined) return found;
    const probe = root.ownerDocument.createElement("i");
    probe.style.display = "none";
    probe.style.color = css;
    root.append(probe);
    const color = getComputedStyle(probe).color;
    probe.remove();
    cache.set(css, color);
    return color;
  };
}

const themes = new WeakMap<HTMLElement, { theme: string; colors: Map<string, string> }>();
