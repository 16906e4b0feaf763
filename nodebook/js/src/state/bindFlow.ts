/** Keeps the client's nodes and edges in step with the kernel's document. An edit costs what it changes. */
import { type Changes, changesBetween, relinked } from "../graph/changes";
import { compareIds, type GraphDocument, REROUTE } from "../graph/document";
import type { ClientState, ClientStore } from "./client";
import { deriveEdges, deriveNodes, edgesInto, type FlowEdge, type FlowNode, flowNode, type Source } from "./flow";
import type { KernelState, KernelStore } from "./kernel";

type Flow = Pick<ClientState, "nodes" | "edges">;

/** Until `signal` aborts. */
export function bindFlow(kernel: KernelStore, client: ClientStore, signal: AbortSignal): void {
  const derive = (state: KernelState) => {
    client.setState((old) => ({ nodes: deriveNodes(state, old.nodes), edges: deriveEdges(state, old.edges) }));
  };
  derive(kernel.getState());
  const stop = kernel.subscribe((state, before) => {
    if (state.library !== before.library) derive(state);
    else if (state.document !== before.document) client.setState((old) => updateFlow(state, before.document, old));
  });
  signal.addEventListener("abort", stop, { once: true });
}

/** The flow after an edit. Arrays in which nothing changed stay the same. */
export function updateFlow(source: Source, before: GraphDocument, old: Flow): Flow {
  const changes = changesBetween(before, source.document);
  const links = relinked(before, source.document, changes);
  return {
    nodes: hasUnplaced(source, changes) ? deriveNodes(source, old.nodes) : updateNodes(source, changes, old.nodes),
    edges:
      links === null || hasReroute(source, links)
        ? deriveEdges(source, old.edges)
        : updateEdges(source, links, old.edges),
  };
}

/** What a reroute gets decides the colour of all wires that leave it. */
function hasReroute({ document }: Source, ids: readonly string[]): boolean {
  return ids.some((id) => document.nodes[id]?.type === REROUTE);
}

/** Where a node has no place, it depends on the whole graph. */
function hasUnplaced({ document }: Source, { touched, added }: Changes): boolean {
  return [...touched, ...added].some((id) => document.nodes[id]?.view?.x === undefined);
}

function updateNodes(source: Source, changes: Changes, old: readonly FlowNode[]): readonly FlowNode[] {
  let nodes: FlowNode[] | null = null;
  if (changes.removed.length > 0) {
    const removed = new Set(changes.removed);
    nodes = old.filter((node) => !removed.has(node.id));
  }
  for (const id of changes.touched) {
    const at = placeOf(nodes ?? old, id);
    const known = (nodes ?? old)[at];
    const node = flowNode(id, source, known);
    if (node === known) continue;
    nodes ??= [...old];
    nodes[at] = node;
  }
  for (const id of changes.added) {
    nodes ??= [...old];
    nodes.splice(placeOf(nodes, id), 0, flowNode(id, source, undefined));
  }
  return nodes ?? old;
}

function updateEdges(source: Source, targets: readonly string[], old: readonly FlowEdge[]): readonly FlowEdge[] {
  if (targets.length === 0) return old;
  const relinked = new Set(targets);
  const [kept, replaced] = [
    old.filter((edge) => !relinked.has(edge.target)),
    old.filter((edge) => relinked.has(edge.target)),
  ];
  return [...kept, ...edgesInto(targets, source, replaced)];
}

/** Where an id is, or belongs, in nodes that are in document order. */
function placeOf(nodes: readonly FlowNode[], id: string): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareIds((nodes[middle] as FlowNode).id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
