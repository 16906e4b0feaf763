/**
 * The one place where literals of the wire become what the editor computes with, and back (docs/design/document.md,
 * "Literals"): `{"$int": "…"}` ↔ `bigint`, `{"$float": "nan" | "inf" | "-inf"}` ↔ `number`; a literal object that looks
 * like a tag has one more `$` on the wire; `{"$variable": "photo"}` ↔ `VariableRef`, of whole values alone. Only literals are converted: values, views, defaults. Names stay as they are.
 */
import type { GraphDocument, GraphNode, Subgraph, Value } from "../graph/document";
import type { Op } from "../graph/edits";
import type { InputInfo, Library } from "../graph/library";
import { isVariable, VariableRef } from "../graph/variables";

type Convert = (value: Value) => Value;

const FLOATS: ReadonlyMap<unknown, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Infinity],
  ["-inf", -Infinity],
]);

/** Convert a message (or a document, or a list of operations) as it came from the kernel. */
export function fromWire<T>(wire: T): T {
  return convertParts(wire, untag);
}

/** Convert what goes to the kernel. */
export function toWire<T>(local: T): T {
  return convertParts(local, tag);
}

/** A document as files hold it: as on the wire, but whole numbers of any length stand as they are. */
export function toFile(document: GraphDocument): GraphDocument {
  return convertDocument(document, tagForFile);
}

function convertParts<T>(whole: T, convert: Convert): T {
  if (Array.isArray(whole)) return whole.map((op) => convertOp(op as Op, convert)) as T;
  const parts = { ...whole } as { document?: GraphDocument; nodes?: unknown; ops?: readonly Op[]; library?: Library };
  if (parts.document) parts.document = convertDocument(parts.document, convert);
  if (parts.ops) parts.ops = parts.ops.map((op) => convertOp(op, convert));
  if (parts.library) parts.library = convertLibrary(parts.library, convert);
  return "nodebook" in parts ? (convertDocument(whole as unknown as GraphDocument, convert) as T) : (parts as T);
}

function convertDocument(document: GraphDocument, convert: Convert): GraphDocument {
  const converted = { ...document, nodes: convertNodes(document.nodes, convert) };
  if (!isObject(document.subgraphs)) return converted;
  const subgraphs = Object.entries(document.subgraphs as NonNullable<GraphDocument["subgraphs"]>);
  const found = subgraphs.map(([id, subgraph]) => [id, convertSubgraph(subgraph, convert)] as const);
  return { ...converted, subgraphs: Object.fromEntries(found) };
}

function convertNodes(nodes: GraphDocument["nodes"], convert: Convert): GraphDocument["nodes"] {
  return Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, convertNode(node, convert)] as const));
}

/** The JSON of a subgraph, or the members of one that change: its nodes, and the defaults of its ports. */
function convertSubgraph<T extends Partial<Subgraph> | Members>(members: T, convert: Convert): T {
  const converted: Record<string, unknown> = { ...members };
  if (isObject(members.nodes)) converted.nodes = convertNodes(members.nodes as unknown as Subgraph["nodes"], convert);
  for (const side of ["inputs", "outputs"]) {
    const ports = converted[side];
    if (Array.isArray(ports)) converted[side] = ports.map((port: Value) => convertPort(port, convert));
  }
  return converted as T;
}

function convertPort(port: Value, convert: Convert): Value {
  return isObject(port) && port.default !== undefined ? { ...port, default: convert(port.default) } : port;
}

function convertNode(node: GraphNode, convert: Convert): GraphNode {
  let converted = node;
  if (isObject(node?.values)) converted = { ...converted, values: mapMembers(node.values, convert) };
  if (isObject(node?.view)) converted = { ...converted, view: mapMembers(node.view as Members, convert) };
  if (isObject(node?.origin)) converted = { ...converted, origin: convertOrigin(node.origin, convert) };
  return converted;
}

type Members = Readonly<Record<string, Value>>;

function convertOrigin(origin: Members, convert: Convert): Members {
  return isObject(origin.values) ? { ...origin, values: mapMembers(origin.values as Members, convert) } : origin;
}

function convertOp(op: Op, convert: Convert): Op {
  switch (op.op) {
    case "add_node":
      return { ...op, node: convertNode(op.node, convert) };
    case "set_value":
      return { ...op, value: convert(op.value) };
    case "set_view":
      return { ...op, view: mapMembers(op.view, convert) };
    case "add_subgraph":
      return { ...op, subgraph: convertSubgraph(op.subgraph, convert) };
    case "set_subgraph":
      return { ...op, members: convertSubgraph(op.members, convert) };
    case "set_origin":
      return op.origin === null ? op : { ...op, origin: convertOrigin(op.origin, convert) };
    default:
      return op;
  }
}

function convertLibrary(library: Library, convert: Convert): Library {
  const types = Object.entries(library.types).map(([name, type]) => {
    const inputs = type.inputs.map((input) => convertInput(input, convert));
    return [name, { ...type, inputs }] as const;
  });
  return { ...library, types: Object.fromEntries(types) };
}

function convertInput(input: InputInfo, convert: Convert): InputInfo {
  const widget = input.widget && (mapMembers(input.widget as unknown as Members, convert) as unknown);
  const converted = { ...input, widget: widget as InputInfo["widget"] };
  return input.default === undefined ? converted : { ...converted, default: convert(input.default) };
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapMembers(members: Members, convert: Convert): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, convert(value)]));
}

function untag(value: Value): Value {
  const [name, held] = (isObject(value) && onlyMember(value)) || [];
  return name === "$variable" && typeof held === "string" ? new VariableRef(held) : untagPart(value);
}

function untagPart(value: Value): Value {
  if (Array.isArray(value)) return value.map(untagPart);
  if (!isObject(value)) return value;
  const [name, held] = onlyMember(value) ?? [];
  if (name === "$int" && typeof held === "string" && /^-?[0-9]+$/.test(held)) return BigInt(held);
  if (name === "$float" && FLOATS.has(held)) return FLOATS.get(held) as number;
  if (name?.startsWith("$$")) return { [name.slice(1)]: untagPart(held as Value) };
  return mapMembers(value, untagPart);
}

function tag(value: Value): Value {
  return typeof value === "bigint" ? { $int: value.toString() } : tagRest(value, tag);
}

function tagForFile(value: Value): Value {
  return tagRest(value, tagForFile);
}

function tagRest(value: Value, inner: Convert): Value {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { $float: Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf" };
  }
  if (isVariable(value)) return { $variable: value.variable };
  if (Array.isArray(value)) return value.map(inner);
  if (!isObject(value)) return value;
  const [name, held] = onlyMember(value) ?? [];
  return name?.startsWith("$") ? { [`$${name}`]: inner(held as Value) } : mapMembers(value, inner);
}

function onlyMember(value: Members): [string, Value] | undefined {
  const members = Object.entries(value);
  return members.length === 1 ? members[0] : undefined;
}
