import { useEditor, useKernel } from "./context";

/** What to know while the kernel has not answered, or no longer does. */
export function KernelLink() {
  const { session } = useEditor();
  const link = useKernel((state) => state.link);
  const loaded = useKernel((state) => state.loaded);
  if (link === "live" || (link === "connecting" && loaded)) return null;
  const silent = link === "silent";
  return (
    <div className={loaded ? "nb-link nb-link--bar" : "nb-link"} role="status" data-testid="nb-link">
      <span>{silent ? "The kernel does not answer: run the cell again." : "Connecting to the kernel…"}</span>
      {silent && (
        <button type="button" className="nb-button" onClick={session.hello}>
          Try again
        </button>
      )}
    </div>
  );
}
