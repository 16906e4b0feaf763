import { expect, test } from "vitest";
import { passages } from "./bypass";
import type { GraphNode } from "./document";
import type { InputInfo, Ports } from "./library";

function ports(inputs: Record<string, string>, outputs: Record<string, string>, controls: string[] = []): Ports {
  return {
    inputs: Object.entries(inputs).map(
      ([name, type]) =>
        ({
          name,
          type,
          doc: "",
          required: true,
          widget: controls.includes(name) ? { kind: "text" } : null,
        }) as InputInfo,
    ),
    outputs: Object.entries(outputs).map(([name, type]) => ({ name, type, doc: "" })),
    unknown: false,
  };
}

const linked = (...names: string[]): GraphNode => ({
  type: "T",
  links: Object.fromEntries(names.map((name) => [name, ["1", "X"] as const])),
});

const CASES: [string, Ports, GraphNode, Record<string, string>][] = [
  ["the only picture", ports({ image: "IMAGE" }, { IMAGE: "IMAGE" }), linked("image"), { IMAGE: "image" }],
  ["nothing that is not linked", ports({ image: "IMAGE" }, { IMAGE: "IMAGE" }), linked(), {}],
  ["nothing of another type", ports({ image: "IMAGE" }, { MASK: "MASK" }), linked("image"), {}],
  [
    "the input of the same place first",
    ports({ a: "X", b: "X" }, { A: "X", B: "X" }),
    linked("a", "b"),
    { A: "a", B: "b" },
  ],
  ["the first equal type", ports({ m: "MODEL", a: "X" }, { A: "X" }), linked("m", "a"), { A: "a" }],
  ["an equal type before a union", ports({ m: "M", u: "X,Y", a: "X" }, { A: "X" }), linked("u", "a"), { A: "a" }],
  ["a union where no type is equal", ports({ m: "M", u: "X,Y" }, { A: "X" }), linked("u"), { A: "u" }],
  ["anything", ports({ a: "X" }, { B: "*" }), linked("a"), { B: "a" }],
  ["sockets before controls", ports({ text: "S", a: "S" }, { S: "S" }, ["text"]), linked("text", "a"), { S: "a" }],
  ["no second input though the first has no link", ports({ a: "X", b: "X" }, { A: "X" }), linked("b"), {}],
];

test.each(CASES)("a bypassed node passes on: %s", (_name, known, node, expected) => {
  expect(Object.fromEntries(passages(node, known).map((each) => [each.output, each.input]))).toEqual(expected);
});
