import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useEditor } from "./context";
import { drawOverview, readPalette } from "./drawOverview";
import { installOverviewDrag } from "./overviewDrag";

/** Stands in for the cards of a large graph while it is seen from far away. */
export function Overview() {
  const editor = useEditor();
  const { client, kernel, root } = editor;
  const flow = useStoreApi();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let colors = readPalette(root);
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (canvas.current === null) return;
      const { nodes, edges } = client.getState();
      drawOverview(canvas.current, {
        nodes,
        edges,
        colors,
        kernel: kernel.getState(),
        transform: flow.getState().transform,
      });
    };
    const ask = () => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    const themes = new MutationObserver(() => {
      colors = readPalette(root);
      ask();
    });
    themes.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    const sizes = new ResizeObserver(ask);
    if (canvas.current !== null) sizes.observe(canvas.current);
    const stops = [client.subscribe(ask), kernel.subscribe(ask), flow.subscribe(ask)];
    draw();
    return () => {
      cancelAnimationFrame(frame);
      themes.disconnect();
      sizes.disconnect();
      for (const stop of stops) stop();
    };
  }, [client, kernel, flow, root]);
  useEffect(() => {
    const stage = canvas.current?.parentElement;
    const end = new AbortController();
    if (stage) installOverviewDrag(editor, stage, end.signal);
    return () => end.abort();
  }, [editor]);
  return <canvas ref={canvas} className="nb-overview" data-testid="nb-overview" aria-label="The graph from far away" />;
}
