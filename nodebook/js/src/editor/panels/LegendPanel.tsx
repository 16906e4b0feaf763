import { useMemo } from "react";
import { colorOf } from "../../graph/colors";
import { count } from "../../graph/compose";
import { findType } from "../../graph/library";
import { typeWords } from "../../graph/ports";
import type { shapeOf } from "../../graph/shapes";
import { typesUsed } from "../../graph/typesUsed";
import { useEditor, useKernel } from "../context";
import { Dot } from "../find/Dot";

const SHAPE_WORDS = { circle: "an object", square: "a plain value", diamond: "anything" } as const;

/** The types of the graph's ports with the colours and shapes of their wires. A click selects their nodes. */
export function LegendPanel() {
  const { actions, kernel } = useEditor();
  const document = useKernel((state) => state.document);
  const library = useKernel((state) => state.library);
  const used = useMemo(() => typesUsed(document, library), [document, library]);
  if (used.length === 0) return <p className="nb-panel-empty">The graph has no ports yet.</p>;
  const select = (type: string) => {
    const { nodes } = kernel.getState().document;
    const has = (name: string) => {
      const info = findType(library, name);
      return [...(info?.inputs ?? []), ...(info?.outputs ?? [])].some((port) => port.type === type);
    };
    actions.select(Object.keys(nodes).filter((id) => has(nodes[id]?.type ?? "")));
  };
  return (
    <>
      <ul className="nb-legend">
        {used.map(({ type, links }) => (
          <li key={type}>
            <button
              type="button"
              className="nb-legend-row"
              data-type={type}
              title={`Select the nodes that have ${typeWords(type)}`}
              onClick={() => select(type)}
            >
              <Dot type={type} />
              <span className="nb-legend-wire" style={{ background: colorOf(type) }} aria-hidden="true" />
              <span className="nb-legend-name">{typeWords(type)}</span>
              <span className="nb-muted">{links === 0 ? "no wire" : count(links, "wire")}</span>
            </button>
          </li>
        ))}
      </ul>
      <dl className="nb-legend-shapes" aria-label="Shapes of ports">
        {(["circle", "square", "diamond"] as const).map((shape) => (
          <div key={shape}>
            <dt>
              <Dot type={EXAMPLES[shape]} />
            </dt>
            <dd>{SHAPE_WORDS[shape]}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

const EXAMPLES = { circle: "IMAGE", square: "INT", diamond: "*" } as const satisfies Record<
  ReturnType<typeof shapeOf>,
  string
>;
