import { passages } from "../graph/bypass";
import { colorOf } from "../graph/colors";
import type { GraphNode } from "../graph/document";
import { ROW_HEIGHT, topInputs } from "../graph/layout";
import type { Ports } from "../graph/library";

/** Wires through a bypassed card, from the port that goes in to the one that comes out. Controls have none. */
export function Passages({ node, ports }: { readonly node: GraphNode; readonly ports: Ports }) {
  const plain = topInputs(node, ports.inputs);
  const rows = Math.max(plain.length, ports.outputs.length);
  const middle = (row: number) => (row + 0.5) * ROW_HEIGHT;
  return (
    <svg
      className="nb-passages"
      viewBox={`0 0 100 ${rows * ROW_HEIGHT}`}
      style={{ height: rows * ROW_HEIGHT }}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {passages(node, ports).map(({ input, output, type }) => {
        const from = plain.findIndex((port) => port.name === input);
        if (from < 0) return null;
        const to = middle(ports.outputs.findIndex((port) => port.name === output));
        const start = middle(from);
        return <path key={output} d={`M0 ${start}C40 ${start} 60 ${to} 100 ${to}`} style={{ stroke: colorOf(type) }} />;
      })}
    </svg>
  );
}
