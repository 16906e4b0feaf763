/** Inputs that take what a variable of the notebook holds. */
import { type GraphNode, own, type Value } from "./document";
import type { Op } from "./edits";

/** Stands among a node's values for a variable of the notebook; on the wire `{"$variable": "photo"}`. */
export class VariableRef {
  constructor(readonly variable: string) {}
}

/** The type of a node that gives a variable to others; its value `name` says which. */
export const VARIABLE_TYPE = "Variable";

export function isVariable(value: unknown): value is VariableRef {
  return value instanceof VariableRef;
}

/** Whether a person may give a variable this name; what Python keeps for itself is told by the kernel. */
export function isVariableName(text: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text);
}

/** What an input is bound to; of a Variable node, what it gives. */
export function boundTo(node: GraphNode, input: string): string | null {
  const value: Value | undefined = own(node.values, input);
  if (isVariable(value)) return value.variable;
  return node.type === VARIABLE_TYPE && input === "name" && typeof value === "string" && value !== "" ? value : null;
}

/** Bind an input; what it is linked to goes. */
export function bindOps(id: string, node: GraphNode, input: string, variable: string): Op[] {
  const value: Value = node.type === VARIABLE_TYPE && input === "name" ? variable : new VariableRef(variable);
  const set: Op = { op: "set_value", node: id, input, value };
  return own(node.links, input) === undefined ? [set] : [{ op: "set_link", node: id, input, source: null }, set];
}
