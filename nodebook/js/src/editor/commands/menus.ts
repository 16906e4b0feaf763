/** What the menus offer, as ids of commands in parts with a line between them. */

export type MenuItems = readonly (readonly string[])[];

export const CARD_MENU: MenuItems = [
  ["run.selected"],
  ["edit.duplicate", "edit.rename", "edit.remove"],
  ["edit.mute", "edit.bypass"],
  ["log.node"],
];

export const LINK_MENU: MenuItems = [["edit.remove"]];

export const PANE_MENU: MenuItems = [["add.node"], ["run.all"], ["select.all", "view.fit"], ["view.help"]];

/** Behind the toolbar's last button. */
export const MORE_MENU: MenuItems = [
  ["run.selected", "run.auto"],
  ["panel.queue", "panel.plan", "panel.log", "panel.times"],
  ["select.all"],
  ["view.fullscreen", "view.tab"],
  ["view.help"],
];
