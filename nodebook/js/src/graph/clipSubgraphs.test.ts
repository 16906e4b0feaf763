import { expect, test } from "vitest";
import { SAMPLE_LIBRARY as library } from "../../dev/library";
import { clipText, readClipText } from "../sync/clipText";
import { copyNodes, pasteOps } from "./clip";
import type { GraphDocument } from "./document";
import { applyOps } from "./edits";

const DOCUMENT: GraphDocument = {
  nodebook: 1,
  nodes: { "1": { type: "Load" }, "7": { type: "subgraph:o", links: { x: ["1", "O"] } } },
  subgraphs: {
    o: {
      name: "Outer",
      nodes: { "1": { type: "SubgraphInputs" }, "2": { type: "subgraph:i", values: { s: 2n ** 60n } } },
    },
    i: { name: "Inner", nodes: { "3": { type: "Blur", values: { sigma: Number.NaN } } } },
    u: { name: "Unused", nodes: {} },
  },
};

function pasteInto(document: GraphDocument, text = clipText(copyNodes(DOCUMENT, ["7"]))): GraphDocument {
  const pasted = readClipText(text, library);
  if (pasted === null) throw new Error("nothing to paste");
  const applied = applyOps(document, pasteOps(pasted.clip, document, ["20"], { x: 0, y: 0 }));
  if (applied.refused !== undefined) throw new Error(applied.refused);
  return applied.document;
}

test("an instance brings what it needs into another document, and nothing else", () => {
  const pasted = pasteInto({ nodebook: 1, nodes: {} });
  expect(Object.keys(pasted.subgraphs ?? {}).sort()).toEqual(["i", "o"]);
  expect(pasted.subgraphs?.o).toEqual(DOCUMENT.subgraphs?.o);
  expect(pasted.nodes["20"]).toMatchObject({ type: "subgraph:o" });
});

test("in its own document it is one more instance", () => {
  const pasted = pasteInto(DOCUMENT);
  expect(pasted.subgraphs).toEqual(DOCUMENT.subgraphs);
});

test("another subgraph of the same id is left alone", () => {
  const other = { nodebook: 1 as const, nodes: {}, subgraphs: { i: { name: "Mine", nodes: {} }, i_2: { nodes: {} } } };
  const pasted = pasteInto(other);
  expect(pasted.subgraphs?.i).toEqual({ name: "Mine", nodes: {} });
  expect(pasted.subgraphs?.i_3).toEqual(DOCUMENT.subgraphs?.i);
  expect(pasted.subgraphs?.o?.nodes["2"]?.type).toBe("subgraph:i_3");
  expect(pasted.nodes["20"]?.type).toBe("subgraph:o");
});

test("the boundary is not copied", () => {
  const inside: GraphDocument = { nodebook: 1, nodes: DOCUMENT.subgraphs?.o?.nodes ?? {} };
  expect(Object.keys(copyNodes(inside, ["1", "2"]).nodes)).toEqual(["2"]);
});

test("subgraphs that are none are left out, the nodes stay", () => {
  const text = JSON.stringify({ nodebook: 1, nodes: { "1": { type: "subgraph:s" } }, subgraphs: { s: { nodes: 3 } } });
  const pasted = pasteInto({ nodebook: 1, nodes: {} }, text);
  expect(pasted.subgraphs).toBeUndefined();
  expect(pasted.nodes["20"]?.type).toBe("subgraph:s");
});
