import { describe, expect, test } from "vitest";
import { SAMPLE_LIBRARY } from "../../dev/library";
import type { NodeTypeInfo } from "./library";
import { matchScore, searchOptions, searchTypes } from "./search";

const types = Object.values(SAMPLE_LIBRARY.types);
const first = (query: string) => searchTypes(query, types)[0]?.name;

describe("searchTypes", () => {
  test.each([
    ["blur", "ImageBlur"],
    ["li", "LoadImage"],
    ["loadim", "LoadImage"],
    ["ksampler", "KSampler"],
    ["sample", "KSampler"],
    ["cliptext", "CLIPTextEncode"],
    ["encode text", "CLIPTextEncode"],
    ["Empty Image", "EmptyImage"],
    ["featehr", undefined],
    ["blur im", "ImageBlur"],
    ["im blur", "ImageBlur"],
    ["image  load", "LoadImage"],
    ["image empty", "EmptyImage"],
    ["blur featehr", undefined],
  ])("%j finds %s first", (query, name) => {
    expect(first(query)).toBe(name);
  });

  test("nothing typed: all, by category", () => {
    const found = searchTypes("", types);
    expect(found).toHaveLength(types.length);
    const categories = found.map((type) => type.category);
    expect(categories).toEqual([...categories].sort((a, b) => a.localeCompare(b)));
  });
});

test("letters that are scattered are left out where others stand together", () => {
  const named = (name: string, title: string): NodeTypeInfo => ({
    ...(types[0] as NodeTypeInfo),
    name,
    title,
    aliases: [],
  });
  const offered = [
    named("SaveImage", "Save Image"),
    named("SASolver", "Sampler SA Solver"),
    named("Lora", "Load LoRA"),
  ];
  expect(searchTypes("save", offered).map((type) => type.name)).toEqual(["SaveImage"]);
  expect(searchTypes("sasol", offered).map((type) => type.name)).toEqual(["SASolver"]);
});

test("a capital begins a word also after a capital", () => {
  expect(matchScore("sampler", "KSampler")).toBeGreaterThan(matchScore("sampler", "Ksampler") as number);
});

test("letters must occur in order", () => {
  expect(matchScore("abc", "a_b_c")).not.toBeNull();
  expect(matchScore("acb", "a_b_c")).toBeNull();
  expect(matchScore("aa", "a")).toBeNull();
});

test("options keep their order until something is typed", () => {
  expect(searchOptions("", ["b", "a"])).toEqual(["b", "a"]);
  expect(searchOptions("2m", ["euler", "dpm_2", "dpmpp_2m"])).toEqual(["dpmpp_2m"]);
  expect(searchOptions("2m dpm", ["euler", "dpm_2", "dpmpp_2m"])).toEqual(["dpmpp_2m"]);
  expect(searchOptions("8", [16, 8])).toEqual([8]);
});
