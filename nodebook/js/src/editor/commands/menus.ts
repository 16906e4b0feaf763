/** What the menus offer, as ids of commands in parts with a line between them. */

export type MenuItems = readonly (readonly string[])[];

export const CARD_MENU: MenuItems = [
  ["run.selected"],
  ["edit.cut", "edit.copy", "edit.copy-comfy", "edit.duplicate"],
  ["edit.rename", "edit.replace", "edit.remove"],
  ["edit.connect", "edit.color", "edit.ports"],
  ["edit.mute", "edit.bypass"],
  ["arrange.menu", "arrange.layout", "arrange.collapse"],
  ["group.make", "subgraph.make", "subgraph.enter", "subgraph.unpack", "subgraph.expose"],
  ["select.upstream", "select.downstream", "select.type"],
  ["log.node"],
];

export const ALIGN_MENU: MenuItems = [
  ["arrange.left", "arrange.center", "arrange.right"],
  ["arrange.top", "arrange.middle", "arrange.bottom"],
  ["arrange.across", "arrange.down"],
  ["arrange.width", "arrange.layout"],
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
  ["panel.queue", "panel.plan", "panel.log", "panel.times"],
  ["select.all", "select.touch"],
  ["arrange.layout", "arrange.collapse", "arrange.snap", "arrange.guides"],
  ["panel.library", "panel.legend", "panel.list", "view.minimap"],
  ["view.fullscreen", "view.tab"],
  ["find.command", "view.help"],
];
