import { useStore } from "zustand";
import { instancesOf } from "../../graph/boundary";
import { count } from "../../graph/compose";
import { levelsOf } from "../../state/scope";
import { useEditor } from "../context";
import { NameField } from "./NameField";
import { leaveTo } from "./scope";

/** Where the graph that is shown is: the way back, and the name of the subgraph. At the top there is nothing to say. */
export function Breadcrumbs() {
  const { scope } = useEditor();
  const path = useStore(scope.store, (state) => state.path);
  return path.length === 0 ? null : <Crumbs path={path} />;
}

function Crumbs({ path }: { readonly path: readonly string[] }) {
  const editor = useEditor();
  const document = useStore(editor.scope.whole.kernel, (state) => state.document);
  const levels = levelsOf(document, path);
  const last = levels.length - 1;
  const current = levels[last]?.subgraph ?? null;
  if (current === null) return null;
  const uses = instancesOf(document, current).length;
  return (
    <nav className="nb-crumbs" aria-label="Where you are" data-testid="nb-crumbs">
      {levels.slice(0, -1).map(({ subgraph }, depth) => (
        <span key={path.slice(0, depth).join("/")} className="nb-crumb">
          <button type="button" className="nb-crumb-button" onClick={() => leaveTo(editor, depth)}>
            {subgraph === null ? "Graph" : nameOf(document.subgraphs?.[subgraph]?.name)}
          </button>
          <span aria-hidden="true">›</span>
        </span>
      ))}
      <NameField
        key={current}
        className="nb-crumb-name"
        label="Name of the subgraph"
        name={nameOf(document.subgraphs?.[current]?.name)}
        isCurrent
        onCommit={(name) => editor.actions.renameSubgraph(current, name)}
      />
      {uses > 1 && <span className="nb-crumb-note">used {count(uses, "time")}: all change</span>}
    </nav>
  );
}

function nameOf(name: string | undefined): string {
  return name ?? "Subgraph";
}
