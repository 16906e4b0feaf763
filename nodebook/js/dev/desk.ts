/** Queue, plan and log for show: what the fake kernel answers beside documents and runs. */
import { orderedIds } from "../src/graph/document";
import { titleOf } from "../src/graph/library";
import type { EndedRun, LogLine, OfferedVariable, PlanRow, QueuedRun, ToKernel } from "../src/protocol";
import type { FakeKernel } from "./fakeKernel";

const REASONS: readonly Partial<PlanRow>[] = [
  { action: "run", reason: "seed 1 → 2", changes: [["seed", "1", "2"]], seconds: 12.4, bytes: 3_400_000 },
  { action: "run", reason: "node 1 runs", seconds: null, bytes: null },
  { action: "cached", reason: "its result is kept", seconds: null, bytes: 12_000_000 },
  {
    action: "run",
    reason: "function source changed",
    changes: [["function source", null, null]],
    seconds: 0.04,
    bytes: 900,
  },
];

const VARIABLES: readonly OfferedVariable[] = [
  { name: "photo", text: "picture 512 × 512 RGB", fits: true },
  { name: "strength", text: "4", fits: true },
  { name: "words", text: "'a red circle on a blue background'", fits: true },
  { name: "frame", text: "DataFrame 100 × 3", fits: false },
];

export function installDesk(kernel: FakeKernel): void {
  const wait = (id: number, graph: string | null): QueuedRun => ({
    id: String(id),
    graph,
    mine: graph === null,
    nodes: 3 + id,
    state: "waiting",
    priority: 0,
    position: id,
  });
  const end = (id: number, state: string, failed: number): EndedRun => ({
    id: String(id),
    graph: "sample",
    mine: id !== 2,
    state,
    finished: 1_790_000_000 + 100 * id,
    seconds: 3.2 * id,
    executed: 8 - id,
    cached: id,
    failed,
  });
  kernel.queue = {
    ...kernel.queue,
    pending: [wait(11, null), wait(12, "upscale a very long name of a graph"), wait(13, null)],
    waiting: 3,
    recent: [end(1, "done", 0), end(2, "failed", 2), end(3, "cancelled", 0), end(4, "done", 0)],
  };
  const publish = () => kernel.publish({ type: "queue", queue: kernel.queue });
  kernel.onOther = (message) => {
    answer(kernel, message);
    publish();
  };
}

function answer(kernel: FakeKernel, message: ToKernel): void {
  const { queue } = kernel;
  switch (message.type) {
    case "auto_run":
      kernel.queue = { ...queue, auto_run: message.on };
      return;
    case "queue_pause":
      kernel.queue = { ...queue, paused: message.on };
      return;
    case "queue_clear":
      kernel.queue = { ...queue, pending: [], waiting: 0 };
      return;
    case "queue_cancel": {
      const pending = queue.pending.filter((run) => run.id !== message.job);
      kernel.queue = { ...queue, pending, waiting: pending.length };
      return;
    }
    case "queue_move": {
      const pending = queue.pending.filter((run) => run.id !== message.job);
      const moved = queue.pending.find((run) => run.id === message.job);
      if (moved) pending.splice(message.position, 0, moved);
      kernel.queue = { ...queue, pending };
      return;
    }
    case "plan":
      kernel.publish({
        type: "plan",
        to: message.client,
        rows: planRows(kernel),
        total: 8,
        seconds: 13.2,
        peak_bytes: 98_000_000,
      });
      return;
    case "list_variables": {
      const { client: to, node, input } = message;
      kernel.publish({ type: "variables", to, node, input, variables: VARIABLES });
      return;
    }
    case "log": {
      const lines = kernel.log.filter((line) => line.id > (message.after ?? 0));
      kernel.publish({ type: "log", to: message.client, lines, upto: kernel.log.length });
    }
  }
}

function planRows(kernel: FakeKernel): PlanRow[] {
  return orderedIds(kernel.document).map((node, index) => ({
    node,
    title: titleOf(kernel.library, kernel.document.nodes[node] as never),
    action: "run",
    reason: "",
    changes: [],
    seconds: null,
    bytes: null,
    ...REASONS[index % REASONS.length],
  }));
}

/** Lines that a node writes for show. Returns how many it wrote. */
export function writeLog(kernel: FakeKernel, node: string, ...lines: readonly (readonly [string, string])[]): number {
  const at = kernel.log.length;
  const fresh = lines.map(
    ([level, text], index): LogLine => ({ id: at + index + 1, node, run: "1", time: 1_790_000_000, level, text }),
  );
  kernel.log = [...kernel.log, ...fresh];
  return lines.length;
}
