/** How previews are drawn, and whether they are shown: commands, which a menu of their own offers. */
import type { PreviewMethod } from "../../protocol";
import type { MenuItems } from "../commands/menus";
import type { Command } from "../commands/types";
import type { EditorContextValue } from "../context";
import { PauseIcon } from "./icons";

const METHODS: readonly (readonly [PreviewMethod, string])[] = [
  ["auto", "Previews by the best there is"],
  ["latent2rgb", "Previews by quick colours (latent2rgb)"],
  ["taesd", "Previews by a small decoder (TAESD)"],
  ["none", "No previews"],
];
const SIZES: readonly number[] = [256, 512, 1024];

const previewsOf = ({ kernel }: EditorContextValue) => kernel.getState().queue.previews;
const isLoaded = ({ kernel }: EditorContextValue) => kernel.getState().loaded;

export const PREVIEW_MENU: MenuItems = [
  METHODS.map(([method]) => `previews.${method}`),
  SIZES.map((size) => `previews.${size}`),
  ["previews.pause"],
];

export const PREVIEW_COMMANDS: readonly Command[] = [
  {
    id: "previews.menu",
    title: "Previews…",
    section: "Run",
    keys: ["Shift+P"],
    where: "controls",
    enabled: isLoaded,
    run({ client, root }) {
      const at = { x: root.clientWidth - 260, y: 40 };
      client.setState({ menu: { at, items: PREVIEW_MENU } });
    },
  },
  ...METHODS.map(
    ([method, title]): Command => ({
      id: `previews.${method}`,
      title,
      section: "Run",
      enabled: isLoaded,
      checked: (editor) => previewsOf(editor).method === method,
      run: (editor) => editor.session.ask({ type: "previews", method, size: previewsOf(editor).size }),
    }),
  ),
  ...SIZES.map(
    (size): Command => ({
      id: `previews.${size}`,
      title: `Previews up to ${size} pixels`,
      section: "Run",
      enabled: isLoaded,
      checked: (editor) => previewsOf(editor).size === size,
      run: (editor) => editor.session.ask({ type: "previews", method: previewsOf(editor).method, size }),
    }),
  ),
  {
    id: "previews.pause",
    title: "Pause previews here",
    section: "Run",
    icon: PauseIcon,
    checked: ({ client }) => client.getState().previewsPaused,
    run({ client, session }) {
      const previewsPaused = !client.getState().previewsPaused;
      session.pictures.pausePreviews(previewsPaused);
      client.setState({ previewsPaused });
    },
  },
];
