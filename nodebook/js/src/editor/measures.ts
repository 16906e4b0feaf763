/** Cards whose ports moved, measured together: React Flow looks at the whole graph each time it is told of some. */
import type { ClientStore } from "../state/client";

export interface Measures {
  /** Have a card's ports measured. `update` is React Flow's. */
  add(id: string, update: (ids: string[]) => void): void;
}

export function createMeasures(client: ClientStore, later: (work: () => void) => void = queueMicrotask): Measures {
  const ids = new Set<string>();
  return {
    add(id, update) {
      const isFirst = ids.size === 0;
      ids.add(id);
      if (!isFirst) return;
      later(() => {
        const list = [...ids];
        ids.clear();
        dropEstimates(client, new Set(list));
        update(list);
      });
    },
  };
}

/** Once a card is there, its estimated ports must go: they would win over the measured ones. */
function dropEstimates(client: ClientStore, ids: ReadonlySet<string>): void {
  const { nodes } = client.getState();
  if (!nodes.some((node) => node.handles && ids.has(node.id))) return;
  client.setState({
    nodes: nodes.map((node) => (node.handles && ids.has(node.id) ? { ...node, handles: undefined } : node)),
  });
}
