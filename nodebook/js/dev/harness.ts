/** The harness page: an editor on a kernel that lives in the page. `?theme=dark&graph=all&silent=1&views=2`. */
import widget from "../src/index";
import { installDesk } from "./desk";
import { FakeKernel } from "./fakeKernel";
import { sampleGraph } from "./graphs";
import { SHOWS_LIBRARY } from "./library";
import { installShow, picture } from "./show";

const options = new URLSearchParams(location.search);
const dark = options.get("theme") === "dark";
document.body.dataset.jpThemeLight = String(!dark);
document.body.dataset.jpThemeName = dark ? "JupyterLab Dark" : "JupyterLab Light";
if (options.get("theme") !== "none") {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = `/theme/${dark ? "dark" : "light"}.css`;
  document.head.append(link);
}

const kernel = new FakeKernel(
  sampleGraph(options.get("graph") ?? "empty"),
  options.get("graph") === "shows" ? SHOWS_LIBRARY : undefined,
);
kernel.answers = !options.has("silent");
installShow(kernel);
installDesk(kernel);

const end = new AbortController();
for (let view = 0; view < Number(options.get("views") ?? 1); view += 1) {
  const el = document.createElement("div");
  document.getElementById("cells")?.append(el);
  const render = (typeof widget === "function" ? null : widget.render) as (props: object) => unknown;
  render({ model: kernel, el, signal: end.signal });
}

/** For scripts that drive the page. */
Object.assign(globalThis, { kernel, picture, endViews: () => end.abort() });
