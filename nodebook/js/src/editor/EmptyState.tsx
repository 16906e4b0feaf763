import { useMemo } from "react";
import { offeredStarters } from "../graph/starters";
import { useEditor, useKernel } from "./context";

/** Over an empty canvas: how to begin, and what to begin with. */
export function EmptyState() {
  const { actions } = useEditor();
  const show = useKernel((state) => state.loaded && Object.keys(state.document.nodes).length === 0);
  const library = useKernel((state) => state.library);
  const starters = useMemo(() => offeredStarters(library), [library]);
  if (!show) return null;
  return (
    <div className="nb-empty">
      <p className="nb-empty-title">Double-click the canvas or press Tab to add a node</p>
      {starters.length > 0 && <p className="nb-muted">or begin with</p>}
      <div className="nb-starters">
        {starters.map((starter, index) => (
          <button
            key={starter.title}
            type="button"
            className="nb-starter"
            data-testid={`nb-starter-${index}`}
            onClick={() => actions.addStarter(index)}
          >
            <span>{starter.title}</span>
            <span className="nb-muted">{starter.description}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
