/** The shape of a port: types outnumber the colours, and colour is never the only sign. */
import { ANY, portNames } from "./ports";

/** `square`: plain values. `diamond`: takes or gives anything. `circle`: all else. */
export type PortShape = "circle" | "square" | "diamond";

const PLAIN = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);

export function shapeOf(type: string): PortShape {
  const names = portNames(type);
  if (names.includes(ANY)) return "diamond";
  return names.every((name) => PLAIN.has(name)) ? "square" : "circle";
}
