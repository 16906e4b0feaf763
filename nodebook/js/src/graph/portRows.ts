/**
 * Inputs with a control that a person wants to see as plain ports: their names stand in the view's `ports`. What an input is
 * and what it holds does not depend on it; bypass and the engine do not look at it.
 */
import type { GraphNode } from "./document";
import type { Op } from "./edits";
import type { InputInfo } from "./library";

const NONE: readonly string[] = [];

export function portRows(node: GraphNode): readonly string[] {
  const ports: unknown = node.view?.ports;
  return Array.isArray(ports) ? ports.filter((name) => typeof name === "string") : NONE;
}

/** Whether the input stands among the ports at the top of the card, without a control. */
export function isPortRow(node: GraphNode, input: InputInfo): boolean {
  return input.widget === null || portRows(node).includes(input.name);
}

/** Show an input as a port, or with its control again. Names are kept in the order of the alphabet: small diffs. */
export function togglePortRowOp(id: string, node: GraphNode, input: string): Op {
  const ports = portRows(node);
  const next = ports.includes(input) ? ports.filter((name) => name !== input) : [...ports, input].sort();
  return { op: "set_view", node: id, view: { ports: next.length > 0 ? next : null } };
}
