import { useMemo, useState } from "react";
import { type Cost, type CostOrder, sortCosts } from "../../state/costs";
import type { KernelState } from "../../state/kernel";
import { titleAt } from "../../state/paths";
import { useEditor } from "../context";
import { StateIcon } from "../icons";
import { bytesText, secondsText } from "../words";
import { showNode } from "./show";
import { useWhole, useWholeSlowly } from "./useWhole";

const COLUMNS: readonly (readonly [CostOrder["by"], string, string])[] = [
  ["title", "Node", "The node's name"],
  ["seconds", "Time", "How long it took when it ran last"],
  ["bytes", "Result", "How much memory its result takes"],
];
const SLOW_MS = 500;
const statusesOf = (state: KernelState) => state.statuses;
/** More rows than anybody reads, and few enough to be quick. */
const MOST_ROWS = 500;

/** What each node took when it ran last: sorted by a click on a heading. */
export function TimesPanel() {
  const document = useWhole((state) => state.document);
  const library = useWhole((state) => state.library);
  const statuses = useWholeSlowly(statusesOf, SLOW_MS);
  const [order, setOrder] = useState<CostOrder>({ by: "seconds", up: false });
  const costs = useMemo(() => {
    const found: Cost[] = [];
    for (const [id, status] of Object.entries(statuses)) {
      if (status.seconds === null && status.bytes === null) continue;
      const title = titleAt(document, library, id);
      if (title !== null) found.push({ id, title, ...status });
    }
    return sortCosts(found, order);
  }, [document, library, statuses, order]);
  const total = costs.reduce((sum, cost) => sum + (cost.seconds ?? 0), 0);
  if (costs.length === 0) return <p className="nb-muted nb-panel-empty">No node has run yet.</p>;
  return (
    <table className="nb-table" data-testid="nb-times">
      <thead>
        <tr>
          {COLUMNS.map(([by, name, about]) => (
            <th key={by} aria-sort={order.by === by ? (order.up ? "ascending" : "descending") : "none"}>
              <button
                type="button"
                title={about}
                onClick={() => setOrder({ by, up: order.by === by ? !order.up : by === "title" })}
              >
                {name}
                <span aria-hidden="true">{order.by === by ? (order.up ? " ↑" : " ↓") : ""}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {costs.slice(0, MOST_ROWS).map((cost) => (
          <CostRow key={cost.id} cost={cost} />
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td>{costs.length > MOST_ROWS ? `and ${costs.length - MOST_ROWS} more` : "All"}</td>
          <td>{secondsText(total)}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}

function CostRow({ cost }: { readonly cost: Cost }) {
  const editor = useEditor();
  return (
    <tr data-cost-node={cost.id}>
      <td>
        <button type="button" title="Show the node" onClick={() => showNode(editor, cost.id)}>
          <StateIcon state={cost.state} />
          {cost.title}
        </button>
      </td>
      <td>{cost.seconds === null ? "" : secondsText(cost.seconds)}</td>
      <td>{cost.bytes === null ? "" : bytesText(cost.bytes)}</td>
    </tr>
  );
}
