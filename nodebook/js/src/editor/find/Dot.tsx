import type { CSSProperties } from "react";
import { colorOf } from "../../graph/colors";
import { shapeOf } from "../../graph/shapes";

/** A port as a sign in text: the colour and shape of its type. */
export function Dot({ type, hollow = false }: { readonly type: string; readonly hollow?: boolean }) {
  const style = { "--nb-port": colorOf(type) } as CSSProperties;
  return <span className="nb-dot" style={style} data-shape={shapeOf(type)} data-hollow={hollow} aria-hidden="true" />;
}
