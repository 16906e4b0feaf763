import { describe, expect, test } from "vitest";
import type { GraphDocument } from "../graph/document";
import { IDLE_STATUS, type NodeStatus, type Problem } from "../protocol";
import { inGraph, scopedDisplayState, scopedPictureState } from "../sync/scoped";
import { createKernelStore, groupProblems, type KernelState } from "./kernel";
import { createScopeStore, levelsOf, prefixOf, scopedKernel, scopedState } from "./scope";
import { sumUp } from "./sumUp";

const DOCUMENT: GraphDocument = {
  nodebook: 1,
  nodes: { "1": { type: "Load" }, "7": { type: "subgraph:s", links: { image: ["1", "IMAGE"] } } },
  subgraphs: {
    s: {
      name: "Soften",
      inputs: [{ name: "image" }],
      nodes: {
        "1": { type: "SubgraphInputs" },
        "2": { type: "Blur", title: "Soft", links: { image: ["1", "image"] } },
        "5": { type: "subgraph:t" },
      },
    },
    t: { name: "Inner", nodes: { "3": { type: "Sharpen" } } },
  },
};

const status = (members: Partial<NodeStatus>): NodeStatus => ({ ...IDLE_STATUS, ...members });
const problem = (node: string, input: string | null): Problem => ({ node, input, code: "bad", message: "It is bad." });

function full(members: Partial<KernelState> = {}): KernelState {
  return { ...createKernelStore().getState(), document: DOCUMENT, ...members };
}

describe("what is shown", () => {
  test("a document without subgraphs passes through untouched", () => {
    const state = full({ document: { nodebook: 1, nodes: {} } });
    expect(scopedState(state, [], null)).toBe(state);
  });

  test("inside, the nodes are those of the subgraph", () => {
    const inside = scopedState(full(), ["7"], null);
    expect(Object.keys(inside.document.nodes)).toEqual(["1", "2", "5"]);
    expect(inside.document.subgraphs).toBe(DOCUMENT.subgraphs);
    expect([...inside.used]).toEqual([["1", ["image"]]]);
    expect(Object.keys(scopedState(full(), ["7", "5"], null).document.nodes)).toEqual(["3"]);
  });

  test("a path leads as far as there are instances", () => {
    expect(levelsOf(DOCUMENT, ["7", "5"]).map((level) => level.subgraph)).toEqual([null, "s", "t"]);
    expect(levelsOf(DOCUMENT, ["7", "2", "5"]).map((level) => level.subgraph)).toEqual([null, "s"]);
    expect(prefixOf(["7", "5"])).toBe("7/5/");
  });

  test("states of inner nodes are summed up at the instance, and told apart inside", () => {
    const statuses = {
      "1": status({ state: "done", seconds: 1 }),
      "7/2": status({ state: "done", seconds: 2 }),
      "7/5/3": status({ state: "running" }),
      "7/99": status({ state: "failed" }),
      "8/2": status({ state: "failed" }),
    };
    const top = scopedState(full({ statuses }), [], null);
    expect(top.statuses["7"]).toMatchObject({ state: "running", progress: [1, 2], seconds: 2 });
    expect(top.statuses["1"]).toBe(statuses["1"]);
    const inside = scopedState(full({ statuses }), ["7"], null);
    expect(inside.statuses["2"]).toBe(statuses["7/2"]);
    expect(inside.statuses["5"]).toMatchObject({ state: "running" });
    const again = scopedState(full({ statuses: { ...statuses } }), [], { state: full(), path: [], scoped: top });
    expect(again.statuses["7"]).toBe(top.statuses["7"]);
  });

  test("problems of inner nodes are at the instance, on the input that feeds them", () => {
    const problems = groupProblems([problem("7/2", "image"), problem("7/5/3", null), problem("1", null)], new Map());
    const top = scopedState(full({ problems }), [], null);
    expect(top.problems.get("7")).toEqual([
      { node: "7", input: "image", code: "bad", message: "Soft: It is bad." },
      { node: "7", input: null, code: "bad", message: "Sharpen: It is bad." },
    ]);
    expect(top.problems.get("1")).toHaveLength(1);
    expect([...scopedState(full({ problems }), ["7"], null).problems.keys()]).toEqual(["2", "5"]);
  });

  test("a problem that begins with the node's title does not say it twice", () => {
    const messageOf = (message: string) => {
      const problems = groupProblems([{ ...problem("7/2", "image"), message }], new Map());
      return scopedState(full({ problems }), [], null).problems.get("7")?.[0]?.message;
    };
    expect(messageOf("Soft.image: it is bad.")).toBe("Soft.image: it is bad.");
    expect(messageOf("Soft needs image.")).toBe("Soft needs image.");
    expect(messageOf("Softly, it is bad.")).toBe("Soft: Softly, it is bad.");
  });

  test("what says the same keeps its identity", () => {
    const path = ["7"];
    const state = full({ statuses: { "7/2": status({ state: "done" }) } });
    const first = scopedState(state, path, null);
    const second = scopedState({ ...state, pending: 1 }, path, { state, path, scoped: first });
    for (const member of ["document", "library", "used", "statuses", "problems"] as const) {
      expect(second[member]).toBe(first[member]);
    }
    expect(second.pending).toBe(1);
    // The same graph by another way: what is in it is the same, how it is doing is not.
    const third = scopedState(state, ["8"], { state, path, scoped: first });
    expect(third.statuses).not.toBe(first.statuses);
  });

  test("the store follows kernel and scope until it is ended", () => {
    const kernel = createKernelStore();
    const scope = createScopeStore();
    const end = new AbortController();
    const store = scopedKernel(kernel, scope, end.signal);
    kernel.setState({ document: DOCUMENT });
    expect(Object.keys(store.getState().document.nodes)).toEqual(["1", "7"]);
    scope.setState({ path: ["7"] });
    expect(Object.keys(store.getState().document.nodes)).toEqual(["1", "2", "5"]);
    end.abort();
    scope.setState({ path: [] });
    expect(Object.keys(store.getState().document.nodes)).toEqual(["1", "2", "5"]);
  });
});

describe("the sum of states", () => {
  const of = (...states: NodeStatus["state"][]) =>
    sumUp(states.map((state) => ({ title: state, status: status({ state }) }))).state;

  test.each([
    [["done", "cached"], "done"],
    [["cached", "cached"], "cached"],
    [["queued", "done"], "running"],
    [["queued", "queued"], "queued"],
    [["queued", "cached"], "queued"],
    [["failed", "done", "skipped"], "failed"],
    [["running", "failed"], "running"],
    [["paused", "done", "queued"], "paused"],
    [["cancelled", "done"], "cancelled"],
    [["idle"], "idle"],
  ] as const)("%s is %s", (states, sum) => {
    expect(of(...states)).toBe(sum);
  });

  test("an error names the node inside", () => {
    const error = { message: "No.", input: "x", kind: "ValueError", traceback: null };
    expect(sumUp([{ title: "Blur", status: status({ state: "failed", error }) }]).error).toEqual({
      ...error,
      input: null,
      message: "Blur: No.",
    });
  });

  test("one part has its own progress", () => {
    const only = status({ state: "running", progress: [3, 20] });
    expect(sumUp([{ title: "Sampler", status: only }]).progress).toEqual([3, 20]);
  });
});

describe("going out", () => {
  test("an operation is in the graph that is shown, unless it says otherwise or is of the whole document", () => {
    expect(inGraph({ op: "set_title", node: "1", title: "A" }, "s")).toMatchObject({ graph: "s" });
    expect(inGraph({ op: "set_title", node: "1", title: "A", graph: "t" }, "s")).toMatchObject({ graph: "t" });
    expect(inGraph({ op: "set_subgraph", id: "s", members: {} }, "s")).not.toHaveProperty("graph");
    expect(inGraph({ op: "set_title", node: "1", title: "A" }, undefined)).not.toHaveProperty("graph");
  });

  test("an instance shows the picture inside that was drawn last", () => {
    const frame = (seq: number) => ({ seq, width: 1, height: 1, kind: "result" as const, blob: new Blob() });
    const one = { count: 1, kind: "result" as const, result: 1, frames: [frame(1)] };
    const two = { count: 1, kind: "result" as const, result: 1, frames: [frame(2)] };
    const state = { byNode: { "7/2": one, "7/5/3": two, "1": one } };
    expect(scopedPictureState(state, "").byNode).toEqual({ "7": two, "1": one });
    expect(scopedPictureState(state, "7/").byNode).toEqual({ "2": one, "5": two });
    const plain = { byNode: { "1": one } };
    expect(scopedPictureState(plain, "")).toBe(plain);
  });

  test("an instance shows its own displays, else the first inside", () => {
    const note = (text: string) => [{ kind: "note" as const, text, buffer: null }];
    const state = { byNode: { "7/2": note("a"), "7/5/3": note("b"), "1": note("c") } };
    expect(scopedDisplayState(state, "").byNode).toEqual({ "7": note("a"), "1": note("c") });
    expect(scopedDisplayState(state, "7/").byNode).toEqual({ "2": note("a"), "5": note("b") });
  });
});
