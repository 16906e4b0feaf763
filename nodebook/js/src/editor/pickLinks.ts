/** Connecting, disconnecting and following links without a pointer: each asks by a list. */
import { type Candidate, linksFromOutput, linksToInput } from "../graph/candidates";
import { orderedIds, own } from "../graph/document";
import { portsOf, titleOf } from "../graph/library";
import { followersOf } from "../graph/order";
import { typeWords } from "../graph/ports";
import { announce, type WireStart } from "../state/client";
import { openPicker, type PickerOption } from "../state/picker";
import { nodeWords } from "../state/spoken";
import type { EditorContextValue } from "./context";
import { reveal } from "./fit";
import { openPalette } from "./openPalette";

const NEW_NODE = "new";
const DISCONNECT = "disconnect";

/** Ask for a port of the node, then for what to connect it with. */
export function pickPort(editor: EditorContextValue, node: string): void {
  const { document, library, used } = editor.kernel.getState();
  const known = document.nodes[node];
  if (known === undefined) return;
  const ports = portsOf(library, known, used.get(node) ?? []);
  const outputs = ports.outputs.map(({ name, type }): PickerOption => {
    const fed = followersOf(document, node, name).map((one) => nameOf(editor, one.node));
    return {
      id: `out:${name}`,
      title: `${name} →`,
      detail: fed.length > 0 ? fed.join(", ") : `gives ${typeWords(type)}`,
    };
  });
  const inputs = ports.inputs.map(({ name, type }): PickerOption => {
    const source = own(known.links, name);
    const detail = source ? `${nameOf(editor, source[0])}.${source[1]}` : `takes ${typeWords(type)}`;
    return { id: `in:${name}`, title: `${name} ←`, detail };
  });
  openPicker(editor.client, {
    title: `Connect ${nameOf(editor, node)}: which port?`,
    options: [...outputs, ...inputs],
    empty: "This node has no ports.",
    onChoose: (id) =>
      id.startsWith("out:") ? pickTarget(editor, node, id.slice(4)) : pickSource(editor, node, id.slice(3)),
  });
}

/** Ask where an output goes. */
export function pickTarget(editor: EditorContextValue, node: string, output: string): void {
  const { document, library } = editor.kernel.getState();
  const links = linksFromOutput(document, library, node, output);
  const wire = wireFrom(editor, node, output, "source");
  openPicker(editor.client, {
    title: `Connect ${nameOf(editor, node)}.${output} to`,
    options: [...links.map((link) => targetOption(editor, link)), newNodeOption()],
    empty: "",
    onChoose: (id) => finish(editor, links, id, wire),
  });
}

/** Ask where an input gets its value. */
export function pickSource(editor: EditorContextValue, node: string, input: string): void {
  const { document, library } = editor.kernel.getState();
  const links = linksToInput(document, library, node, input);
  const linked = own(document.nodes[node]?.links, input);
  const away: PickerOption[] = linked
    ? [{ id: DISCONNECT, title: "Disconnect", detail: `from ${nameOf(editor, linked[0])}.${linked[1]}` }]
    : [];
  openPicker(editor.client, {
    title: `Connect ${input} of ${nameOf(editor, node)} from`,
    options: [...away, ...links.map((link) => sourceOption(editor, link)), newNodeOption()],
    empty: "",
    onChoose: (id) =>
      id === DISCONNECT
        ? editor.actions.disconnect(node, input)
        : finish(editor, links, id, wireFrom(editor, node, input, "target")),
  });
}

function finish(editor: EditorContextValue, links: readonly Candidate[], id: string, wire: WireStart): void {
  if (id === NEW_NODE) return openPalette(editor, null, { wire });
  const link = links.find((one) => linkId(one) === id);
  if (link !== undefined) editor.actions.connect(link);
}

function linkId({ source, output, target, input }: Candidate): string {
  return JSON.stringify([source, output, target, input]);
}

function targetOption(editor: EditorContextValue, link: Candidate): PickerOption {
  const from = own(editor.kernel.getState().document.nodes[link.target]?.links, link.input);
  const detail = from ? `instead of ${nameOf(editor, from[0])}.${from[1]}` : `node ${link.target}`;
  return { id: linkId(link), title: `${nameOf(editor, link.target)}: ${link.input}`, detail };
}

function sourceOption(editor: EditorContextValue, link: Candidate): PickerOption {
  return { id: linkId(link), title: `${nameOf(editor, link.source)}.${link.output}`, detail: `node ${link.source}` };
}

function newNodeOption(): PickerOption {
  return { id: NEW_NODE, title: "A new node…" };
}

function wireFrom(editor: EditorContextValue, node: string, port: string, side: WireStart["side"]): WireStart {
  const { document, library, used } = editor.kernel.getState();
  const known = document.nodes[node];
  const ports = known && portsOf(library, known, used.get(node) ?? []);
  const type = (side === "source" ? ports?.outputs : ports?.inputs)?.find((one) => one.name === port)?.type ?? "*";
  return { node, port, side, type };
}

/** Go along the links of a node to what feeds it, or to what it feeds. Asks where there are several. */
export function follow(editor: EditorContextValue, node: string, way: "sources" | "targets"): void {
  const { document } = editor.kernel.getState();
  const links = document.nodes[node]?.links ?? {};
  const steps =
    way === "sources"
      ? Object.entries(links).map(([input, [source, output]]) => ({ node: source, detail: `${input} ← ${output}` }))
      : followersOf(document, node).map(({ node: target, input }) => ({
          node: target,
          detail: `${document.nodes[target]?.links?.[input]?.[1] ?? ""} → ${input}`,
        }));
  const known = steps.filter((step) => document.nodes[step.node] !== undefined);
  const places = new Set(known.map((step) => step.node));
  const name = nameOf(editor, node);
  if (places.size === 0) {
    return announce(editor.client, way === "sources" ? `Nothing feeds ${name}` : `${name} feeds nothing`);
  }
  if (places.size === 1) return goTo(editor, known[0]?.node as string);
  openPicker(editor.client, {
    title: way === "sources" ? `What feeds ${name}` : `What ${name} feeds`,
    options: [...places].map((id) => ({
      id,
      title: nameOf(editor, id),
      detail: known
        .filter((step) => step.node === id)
        .map((step) => step.detail)
        .join(", "),
    })),
    empty: "",
    onChoose: (id) => goTo(editor, id),
  });
}

/** Ask for a node of the graph, and go there. */
export function pickNode(editor: EditorContextValue): void {
  const { document, library, statuses, problems } = editor.kernel.getState();
  openPicker(editor.client, {
    title: "Find a node",
    options: orderedIds(document).map((id) => {
      const words = nodeWords({ document, library, statuses, problems }, id);
      return { id, title: nameOf(editor, id), detail: [...words, `node ${id}`].join(", ") };
    }),
    empty: "The graph is empty.",
    onChoose: (id) => goTo(editor, id),
  });
}

export function goTo(editor: EditorContextValue, id: string): void {
  editor.actions.select([id]);
  reveal(editor, id);
}

function nameOf({ kernel }: EditorContextValue, id: string): string {
  const { document, library } = kernel.getState();
  const node = document.nodes[id];
  return node === undefined ? id : titleOf(library, node);
}
