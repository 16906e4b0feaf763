import { describe, expect, test } from "vitest";
import { exposeOps, instancesOf, movePortOps, removePortOps, renamePortOps } from "./boundary";
import type { GraphDocument } from "./document";
import { applyOps, type Op } from "./edits";
import { contains, interfaceOf, NEW_PORT, withSubgraphs } from "./interfaces";
import type { Library } from "./library";
import { detachOps, makeSubgraphOps, unpackedIds, unpackOps, unusedSubgraphs } from "./subgraphs";

const LIBRARY: Library = {
  revision: 1,
  adapters: [],
  types: {
    Load: { name: "Load", title: "Load", category: "", inputs: [], outputs: [{ name: "IMAGE", type: "IMAGE" }] },
    Blur: {
      name: "Blur",
      title: "Blur",
      category: "",
      inputs: [
        { name: "image", type: "IMAGE", required: true, widget: null },
        { name: "sigma", type: "FLOAT", default: 1, widget: { kind: "number", min: 0, max: 10, step: 0.1 } },
      ],
      outputs: [{ name: "IMAGE", type: "IMAGE" }],
    },
    Save: {
      name: "Save",
      title: "Save",
      category: "",
      inputs: [{ name: "images", type: "IMAGE", widget: null }],
      outputs: [],
    },
  },
};

const CHAIN: GraphDocument = {
  nodebook: 1,
  nodes: {
    "1": { type: "Load", view: { x: 0, y: 0 } },
    "2": {
      type: "Blur",
      values: { sigma: 3 },
      links: { image: ["1", "IMAGE"] },
      view: { x: 300, y: 10 },
      origin: { key: "k" },
    },
    "3": { type: "Blur", links: { image: ["2", "IMAGE"] }, view: { x: 600, y: 20 } },
    "4": { type: "Save", links: { images: ["3", "IMAGE"] }, view: { x: 900, y: 0 } },
    "5": { type: "Save", links: { images: ["2", "IMAGE"] }, view: { x: 900, y: 300 } },
  },
};

function applied(document: GraphDocument, ops: readonly Op[]): GraphDocument {
  const result = applyOps(document, ops);
  if (result.refused !== undefined) throw new Error(result.refused);
  const undone = applyOps(result.document, result.inverse);
  if (undone.refused !== undefined) throw new Error(undone.refused);
  expect(undone.document).toEqual(document);
  return result.document;
}

const MADE = { id: "s", name: "Soften", ids: ["6", "7", "8"] as const };
const make = (chosen: readonly string[]) => applied(CHAIN, makeSubgraphOps(CHAIN, LIBRARY, chosen, MADE));

describe("making", () => {
  test("the instance goes where it is let", () => {
    const asked: unknown[] = [];
    const placeNear = (wanted: { x: number; y: number }, rows: number) => {
      asked.push(wanted, rows);
      return { x: wanted.x, y: 400 };
    };
    const made = applied(CHAIN, makeSubgraphOps(CHAIN, LIBRARY, ["2", "3"], { ...MADE, placeNear }));
    expect(asked).toEqual([{ x: 450, y: 10 }, 2]);
    expect(made.nodes["6"]?.view).toEqual({ x: 450, y: 400 });
  });

  test("links from outside become inputs, what is read from outside outputs", () => {
    const made = make(["3", "2"]);
    expect(Object.keys(made.nodes)).toEqual(["1", "4", "5", "6"]);
    expect(made.nodes["6"]).toMatchObject({ type: "subgraph:s", links: { image: ["1", "IMAGE"] } });
    expect(made.nodes["4"]?.links).toEqual({ images: ["6", "IMAGE_2"] });
    expect(made.nodes["5"]?.links).toEqual({ images: ["6", "IMAGE"] });
    const inner = made.subgraphs?.s;
    expect(inner?.inputs).toEqual([{ name: "image", type: "IMAGE" }]);
    expect(inner?.outputs).toEqual([
      { name: "IMAGE", type: "IMAGE" },
      { name: "IMAGE_2", type: "IMAGE" },
    ]);
    expect(inner?.nodes["2"]).toEqual({
      type: "Blur",
      values: { sigma: 3 },
      links: { image: ["7", "image"] },
      view: { x: 300, y: 10 },
      origin: { key: "k" },
    });
    expect(inner?.nodes["8"]?.links).toEqual({ IMAGE: ["2", "IMAGE"], IMAGE_2: ["3", "IMAGE"] });
  });

  test("one source that two nodes read is one input", () => {
    const both = {
      ...CHAIN,
      nodes: { ...CHAIN.nodes, "3": { type: "Blur", links: { image: ["1", "IMAGE"] as const } } },
    };
    const made = applied(both, makeSubgraphOps(both, LIBRARY, ["2", "3"], MADE));
    expect(made.subgraphs?.s?.inputs).toEqual([{ name: "image", type: "IMAGE" }]);
  });

  test("what nobody reads is an output too", () => {
    const alone: GraphDocument = { nodebook: 1, nodes: { "1": { type: "Load" } } };
    const made = applied(alone, makeSubgraphOps(alone, LIBRARY, ["1"], MADE));
    expect(made.subgraphs?.s?.outputs).toEqual([{ name: "IMAGE", type: "IMAGE" }]);
  });
});

test("named inputs stay outside, and alone they make nothing", () => {
  const named: GraphDocument = {
    nodebook: 1,
    nodes: { "1": { type: "InputFloat" }, "2": { type: "Blur", links: { sigma: ["1", "value"] } } },
  };
  const made = applied(named, makeSubgraphOps(named, LIBRARY, ["1", "2"], MADE));
  expect(made.nodes["6"]?.links).toEqual({ sigma: ["1", "value"] });
  expect(Object.keys(made.nodes)).toEqual(["1", "6"]);
  expect(makeSubgraphOps(named, LIBRARY, ["1"], MADE)).toEqual([]);
});

describe("unpacking", () => {
  test("gives back the graph under other ids", () => {
    const made = make(["2", "3"]);
    expect(unpackedIds(made, "6")).toEqual(["2", "3"]);
    const unpacked = applied(made, unpackOps(made, "6", ["9", "10"]));
    expect(Object.keys(unpacked.nodes)).toEqual(["1", "4", "5", "9", "10"]);
    expect(unpacked.nodes["9"]).toMatchObject({ values: { sigma: 3 }, links: { image: ["1", "IMAGE"] } });
    expect(unpacked.nodes["10"]?.links).toEqual({ image: ["9", "IMAGE"] });
    expect(unpacked.nodes["4"]?.links).toEqual({ images: ["10", "IMAGE"] });
    expect(unpacked.subgraphs?.s).toBeDefined();
  });

  test("an instance's value becomes that of the node, and the default where it has none", () => {
    const made = applied(
      make(["2"]),
      exposeOps(make(["2"]), "s", "inputs", { node: "2", port: "sigma", type: "FLOAT" }).ops,
    );
    const withDefault = applied(made, [
      { op: "set_subgraph", id: "s", members: { inputs: [{ name: "image" }, { name: "sigma", default: 7 }] } },
    ]);
    expect(applied(withDefault, unpackOps(withDefault, "6", ["9"])).nodes["9"]?.values).toEqual({ sigma: 7 });
    const valued = applied(withDefault, [{ op: "set_value", node: "6", input: "sigma", value: 5 }]);
    expect(applied(valued, unpackOps(valued, "6", ["9"])).nodes["9"]?.values).toEqual({ sigma: 5 });
  });
});

describe("the boundary", () => {
  const base = make(["2"]);
  const exposed = applied(base, exposeOps(base, "s", "inputs", { node: "2", port: "sigma", type: "FLOAT" }).ops);

  test("an exposed input has the control of what it feeds, and its value", () => {
    expect(exposed.subgraphs?.s?.nodes["2"]?.links).toEqual({ image: ["7", "image"], sigma: ["7", "sigma"] });
    const type = interfaceOf(exposed, LIBRARY, "s");
    expect(type?.inputs[1]).toMatchObject({
      name: "sigma",
      type: "FLOAT",
      default: 3,
      widget: { kind: "number", max: 10 },
    });
    expect(type?.title).toBe("Soften");
  });

  test("a second port of one name gets a number", () => {
    const { name } = exposeOps(exposed, "s", "inputs", { node: "2", port: "sigma", type: "FLOAT" });
    expect(name).toBe("sigma_2");
  });

  test("an output is exposed by a link to the boundary", () => {
    const { name, ops } = exposeOps(exposed, "s", "outputs", { node: "2", port: "IMAGE", type: "IMAGE" });
    expect(name).toBe("IMAGE_2");
    expect(applied(exposed, ops).subgraphs?.s?.nodes["8"]?.links).toEqual({
      IMAGE: ["2", "IMAGE"],
      IMAGE_2: ["2", "IMAGE"],
    });
  });

  test("renaming takes links and values of all instances along", () => {
    const valued = applied(exposed, [{ op: "set_value", node: "6", input: "sigma", value: 5 }]);
    const renamed = applied(valued, renamePortOps(valued, "s", "inputs", "sigma", "strength"));
    expect(renamed.nodes["6"]?.values).toEqual({ strength: 5 });
    expect(renamed.subgraphs?.s?.nodes["2"]?.links?.sigma).toEqual(["7", "strength"]);
    const again = applied(renamed, renamePortOps(renamed, "s", "inputs", "image", "photo"));
    expect(again.nodes["6"]?.links).toEqual({ photo: ["1", "IMAGE"] });
    const out = applied(again, renamePortOps(again, "s", "outputs", "IMAGE", "soft"));
    expect(out.nodes["3"]?.links).toEqual({ image: ["6", "soft"] });
    expect(out.subgraphs?.s?.nodes["8"]?.links).toEqual({ soft: ["2", "IMAGE"] });
    expect(renamePortOps(out, "s", "inputs", "photo", "strength")).toEqual([]);
    expect(renamePortOps(out, "s", "inputs", "photo", "  ")).toEqual([]);
  });

  test("removing takes the links away, inside and outside", () => {
    const gone = applied(exposed, removePortOps(exposed, "s", "inputs", "image"));
    expect(gone.subgraphs?.s?.inputs?.map((port) => port.name)).toEqual(["sigma"]);
    expect(gone.subgraphs?.s?.nodes["2"]?.links).toEqual({ sigma: ["7", "sigma"] });
    expect(gone.nodes["6"]?.links).toBeUndefined();
    const shut = applied(gone, removePortOps(gone, "s", "outputs", "IMAGE"));
    expect(shut.subgraphs?.s?.outputs).toBeUndefined();
    expect(shut.nodes["3"]?.links).toBeUndefined();
  });

  test("reordering", () => {
    const moved = applied(exposed, movePortOps(exposed, "s", "inputs", "sigma", -1));
    expect(moved.subgraphs?.s?.inputs?.map((port) => port.name)).toEqual(["sigma", "image"]);
    expect(movePortOps(exposed, "s", "inputs", "image", -1)).toEqual([]);
  });

  test("inside, the boundary has one port more, to lead a wire to", () => {
    const inside = withSubgraphs(LIBRARY, exposed, "s");
    expect(inside.types.SubgraphInputs?.outputs.map((port) => port.name)).toEqual(["image", "sigma", NEW_PORT]);
    expect(inside.types.SubgraphOutputs?.inputs.map((port) => port.name)).toEqual(["IMAGE", NEW_PORT]);
    expect(withSubgraphs(LIBRARY, exposed, null).types.SubgraphInputs).toBeUndefined();
    expect(withSubgraphs(LIBRARY, CHAIN, null)).toBe(LIBRARY);
  });

  test("which subgraphs are made of which", () => {
    const nested = applied(exposed, [
      { op: "add_subgraph", id: "o", subgraph: { nodes: { "1": { type: "subgraph:s" } } } },
      { op: "add_node", id: "20", node: { type: "subgraph:s" } },
    ]);
    expect(contains(nested, "o", "s")).toBe(true);
    expect(contains(nested, "s", "o")).toBe(false);
    expect(contains(nested, "s", "s")).toBe(true);
    expect(instancesOf(nested, "s")).toEqual([
      { graph: undefined, node: "6" },
      { graph: undefined, node: "20" },
      { graph: "o", node: "1" },
    ]);
  });
});

describe("definitions", () => {
  test("an instance gets a copy of its own; its links and its readers stay", () => {
    const made = make(["2"]);
    const twice = applied(made, [
      { op: "add_node", id: "20", node: { type: "subgraph:s", links: { image: ["6", "IMAGE"] } } },
    ]);
    const own = applied(twice, detachOps(twice, "6", "t", "Soften 2"));
    expect(own.nodes["6"]).toEqual({ ...twice.nodes["6"], type: "subgraph:t" });
    expect(own.nodes["3"]?.links).toEqual({ image: ["6", "IMAGE"] });
    expect(own.nodes["20"]).toEqual(twice.nodes["20"]);
    expect(own.subgraphs?.t).toEqual({ ...twice.subgraphs?.s, name: "Soften 2" });
    expect(detachOps(own, "1", "u", "No")).toEqual([]);
  });

  test("unused is what no node of the graph leads to", () => {
    const made = applied(make(["2"]), [
      { op: "add_subgraph", id: "o", subgraph: { nodes: { "1": { type: "subgraph:p" } } } },
      { op: "add_subgraph", id: "p", subgraph: { nodes: { "1": { type: "subgraph:s" } } } },
    ]);
    expect(unusedSubgraphs(made)).toEqual(["o", "p"]);
    const used = applied(made, [{ op: "add_node", id: "30", node: { type: "subgraph:o" } }]);
    expect(unusedSubgraphs(used)).toEqual([]);
    expect(unusedSubgraphs({ nodebook: 1, nodes: {} })).toEqual([]);
  });
});
