import { expect, test } from "vitest";
import { SAMPLE_LIBRARY } from "../../dev/library";
import type { GraphDocument, GraphNode } from "./document";
import { applyOps } from "./edits";
import { estimatePorts, estimateSize } from "./layout";
import { portsOf } from "./library";
import { isPortRow, portRows, togglePortRowOp } from "./portRows";

const NODE: GraphNode = { type: "ImageBlur", values: { sigma: 3 } };

function toggled(node: GraphNode, ...inputs: string[]): GraphNode {
  let document: GraphDocument = { nodebook: 1, nodes: { "1": node } };
  for (const input of inputs) {
    const applied = applyOps(document, [togglePortRowOp("1", document.nodes["1"] as GraphNode, input)]);
    if (applied.refused !== undefined) throw new Error(applied.refused);
    document = applied.document;
  }
  return document.nodes["1"] as GraphNode;
}

test("an input becomes a port row and is one no more; its value is kept throughout", () => {
  const ports = toggled(NODE, "sigma", "blur_radius");
  expect(portRows(ports)).toEqual(["blur_radius", "sigma"]);
  expect(portRows(toggled(NODE, "blur_radius", "sigma"))).toEqual(["blur_radius", "sigma"]);
  expect(ports.values).toEqual({ sigma: 3 });
  expect(toggled(ports, "sigma", "blur_radius")).toEqual(NODE);
});

test("a port row stands among the ports, where the estimates expect it", () => {
  const node = toggled(NODE, "sigma");
  const known = portsOf(SAMPLE_LIBRARY, node, []);
  expect(known.inputs.filter((input) => isPortRow(node, input)).map((input) => input.name)).toEqual(["image", "sigma"]);
  const y = (which: GraphNode, name: string) =>
    estimatePorts(which, known).find((place) => place.name === name)?.y ?? 0;
  expect(y(node, "sigma")).toBeLessThan(y(node, "blur_radius"));
  expect(y(NODE, "sigma")).toBeGreaterThan(y(NODE, "blur_radius"));
  expect(estimateSize(node, known).height).toBeLessThan(estimateSize(NODE, known).height);
});

test.each([7, "sigma", { sigma: true }, [1, null]])("a view whose ports are %j has none", (ports) => {
  expect(portRows({ ...NODE, view: { ports } as never })).toEqual([]);
});
