import { expect, test } from "vitest";
import { COMMANDS } from ".";
import { ALIGN_MENU, CARD_MENU, GROUP_MENU, LINK_MENU, type MenuItems, MORE_MENU, PANE_MENU } from "./menus";

test("every command has an id of its own", () => {
  const ids = COMMANDS.map((command) => command.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("no two commands have the same keys", () => {
  const keys = COMMANDS.flatMap((command) => command.keys ?? []);
  expect(keys.filter((one, at) => keys.indexOf(one) !== at)).toEqual([]);
});

test("menus offer commands that exist", () => {
  const ids = new Set(COMMANDS.map((command) => command.id));
  const idsIn = (items: MenuItems): string[] =>
    items.flat().flatMap((entry) => (typeof entry === "string" ? [entry] : idsIn(entry.items)));
  const offered = [ALIGN_MENU, CARD_MENU, GROUP_MENU, LINK_MENU, PANE_MENU, MORE_MENU].flatMap(idsIn);
  expect(offered.filter((id) => !ids.has(id))).toEqual([]);
});
