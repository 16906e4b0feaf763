/** What the menus offer, as ids of commands in parts with a line between them. Short enough to be seen whole in a cell. */
import type { MenuItems } from "../../state/client";

export type { MenuItems } from "../../state/client";

export const ALIGN_MENU: MenuItems = [
  ["arrange.left", "arrange.center", "arrange.right"],
  ["arrange.top", "arrange.middle", "arrange.bottom"],
  ["arrange.across", "arrange.down"],
  ["arrange.width"],
];

export const CARD_MENU: MenuItems = [
  ["run.selected", "run.break"],
  ["edit.cut", "edit.copy", "edit.duplicate", "edit.remove"],
  ["edit.rename", "edit.color", "edit.connect", "edit.replace", "input.bind"],
  ["edit.mute", "edit.bypass"],
  [
    {
      title: "Group and subgraph",
      items: [
        ["group.make"],
        ["subgraph.make", "subgraph.enter", "subgraph.unpack", "subgraph.detach", "subgraph.expose"],
      ],
    },
    { title: "Arrange", items: [...ALIGN_MENU, ["arrange.layout", "arrange.collapse"]] },
    { title: "Select", items: [["select.upstream", "select.downstream", "select.type"]] },
    { title: "More", items: [["edit.ports", "edit.copy-comfy", "log.node"]] },
  ],
];

export const LINK_MENU: MenuItems = [["wire.dot", "edit.remove"]];

export const GROUP_MENU: MenuItems = [
  ["group.rename", "group.color", "group.fit"],
  ["group.select", "group.remove"],
];

export const PANE_MENU: MenuItems = [
  ["add.node", "edit.paste"],
  ["run.all"],
  ["select.all", "view.fit"],
  ["arrange.layout", "arrange.collapse"],
  ["view.help"],
];

/** Behind the toolbar's last button. */
export const MORE_MENU: MenuItems = [
  ["run.selected", "run.auto"],
  ["panel.queue", "panel.plan", "panel.log", "panel.times", "panel.library", "panel.legend", "panel.list"],
  [
    {
      title: "Arrange",
      items: [
        ["arrange.layout", "arrange.collapse"],
        ["arrange.snap", "arrange.guides"],
      ],
    },
    { title: "Select", items: [["select.all"], ["select.touch"]] },
  ],
  ["view.minimap", "view.fullscreen", "view.tab"],
  ["find.command", "view.help"],
];
