import { afterEach, expect, test, vi } from "vitest";
import { loadPreferences, savePreferences } from "./preferences";

afterEach(() => vi.unstubAllGlobals());

function stubStorage(text: string | null) {
  let held = text;
  vi.stubGlobal("localStorage", { getItem: () => held, setItem: (_key: string, value: string) => (held = value) });
}

test("preferences come back as they were saved", () => {
  stubStorage(null);
  expect(loadPreferences()).toEqual({ snap: false, guides: true, minimap: null });
  savePreferences({ snap: true, guides: false, minimap: true });
  expect(loadPreferences()).toEqual({ snap: true, guides: false, minimap: true });
});

test.each(["no JSON", "null", "[1]", '{"snap": "yes", "other": true}'])(
  "storage that holds %s is not believed",
  (text) => {
    stubStorage(text);
    expect(loadPreferences()).toEqual({ snap: false, guides: true, minimap: null });
  },
);

test("a page that may not store anything has the defaults", () => {
  const refuse = () => {
    throw new Error("refused");
  };
  vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse });
  expect(loadPreferences().guides).toBe(true);
  expect(() => savePreferences(loadPreferences())).not.toThrow();
});
