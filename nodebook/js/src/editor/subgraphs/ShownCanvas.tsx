import { useStore } from "zustand";
import { prefixOf } from "../../state/scope";
import { Canvas } from "../Canvas";
import { useEditor } from "../context";

/** A canvas of its own for each graph: the same id is another node there. */
export function ShownCanvas() {
  const { scope } = useEditor();
  const prefix = useStore(scope.store, (state) => prefixOf(state.path));
  return <Canvas key={prefix} />;
}
