import { expect, test } from "vitest";
import { createClientStore } from "../state/client";
import type { FlowNode } from "../state/flow";
import { createMeasures } from "./measures";

const node = (id: string): FlowNode => ({ id, type: "card", position: { x: 0, y: 0 }, data: {}, handles: [] });

test("cards that ask at the same time are measured once, together, and lose their estimated ports", () => {
  const client = createClientStore();
  client.setState({ nodes: [node("1"), node("2"), node("3")] });
  const [first] = client.getState().nodes;
  const works: (() => void)[] = [];
  const measures = createMeasures(client, (work) => works.push(work));
  const measured: string[][] = [];
  for (const id of ["2", "2", "3"]) measures.add(id, (ids) => measured.push(ids));
  expect(works).toHaveLength(1);
  works[0]?.();
  expect(measured).toEqual([["2", "3"]]);
  expect(client.getState().nodes.map(({ handles }) => handles !== undefined)).toEqual([true, false, false]);
  expect(client.getState().nodes[0]).toBe(first);

  const { nodes } = client.getState();
  measures.add("3", (ids) => measured.push(ids));
  works[1]?.();
  expect(measured[1]).toEqual(["3"]);
  expect(client.getState().nodes).toBe(nodes);
});
