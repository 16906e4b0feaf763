import { expect, test } from "vitest";
import { createRemembered } from "./remembered";

function fakeStorage(held: string | null = null) {
  const storage = {
    held,
    getItem: () => storage.held,
    setItem: (_key: string, text: string) => {
      storage.held = text;
    },
  };
  return storage;
}

test("favourites and the newest uses are kept, and read by the next page", () => {
  const storage = fakeStorage();
  const first = createRemembered(() => storage);
  for (const name of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "a"]) first.used(name);
  first.toggleFavourite("x");
  first.toggleFavourite("y");
  first.toggleFavourite("x");
  expect(createRemembered(() => storage).getState()).toEqual({
    favourites: ["y"],
    recent: ["a", "i", "h", "g", "f", "e", "d", "c"],
    touch: true,
  });
});

test("another notebook's favourites are not overwritten", () => {
  const storage = fakeStorage();
  const one = createRemembered(() => storage);
  const other = createRemembered(() => storage);
  one.toggleFavourite("a");
  other.toggleFavourite("b");
  one.refresh();
  expect(one.getState().favourites).toEqual(["a", "b"]);
});

test("where storage is refused or holds nonsense it is remembered in the page", () => {
  const refused = createRemembered(() => {
    throw new DOMException("denied", "SecurityError");
  });
  refused.toggleFavourite("a");
  expect(refused.getState().favourites).toEqual(["a"]);
  for (const held of ["nonsense", "7", "null", '{"favourites": 3, "recent": [1, "b"]}']) {
    const store = createRemembered(() => fakeStorage(held));
    expect(store.getState().favourites).toEqual([]);
  }
});
