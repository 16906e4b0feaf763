import { expect, test } from "vitest";
import { linkMakesCycle } from "./cycles";
import type { GraphDocument, GraphNode } from "./document";

function chain(length: number): GraphDocument {
  const nodes: Record<string, GraphNode> = { "1": { type: "A" } };
  for (let id = 2; id <= length; id += 1) nodes[String(id)] = { type: "A", links: { a: [String(id - 1), "A"] } };
  return { nodebook: 1, nodes };
}

test("a link back to what is before it closes a loop, a link forward does not", () => {
  const document = chain(4);
  expect(linkMakesCycle(document, "4", "1")).toBe(true);
  expect(linkMakesCycle(document, "2", "2")).toBe(true);
  expect(linkMakesCycle(document, "1", "4")).toBe(false);
});

test("a graph that already has a loop, or a link from nowhere, ends the search", () => {
  const document: GraphDocument = {
    nodebook: 1,
    nodes: {
      "1": { type: "A", links: { a: ["2", "A"], b: ["gone", "A"] } },
      "2": { type: "A", links: { a: ["1", "A"] } },
      "3": { type: "A" },
    },
  };
  expect(linkMakesCycle(document, "1", "3")).toBe(false);
});

test("a chain of 20,000 nodes does not exhaust the stack", () => {
  expect(linkMakesCycle(chain(20_000), "20000", "1")).toBe(true);
});
