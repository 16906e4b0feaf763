/** A kernel in the page: it keeps the document, numbers revisions, runs graphs for show. Used by harness and tests. */
import type { GraphDocument } from "../src/graph/document";
import { highestId, orderedIds } from "../src/graph/document";
import { applyOps, type Op } from "../src/graph/edits";
import type { Library } from "../src/graph/library";
import { findType } from "../src/graph/library";
import type {
  FromKernel,
  History,
  LogLine,
  NodeStatus,
  Problem,
  Queue,
  Run,
  Snapshot,
  ToKernel,
} from "../src/protocol";
import { EMPTY_QUEUE, IDLE_RUN, IDLE_STATUS } from "../src/protocol";
import { fromWire, toWire } from "../src/sync/convert";
import type { Model, ModelState } from "../src/sync/session";
import { SAMPLE_LIBRARY } from "./library";

interface Step {
  readonly label: string;
  readonly ops: readonly Op[];
  readonly inverse: readonly Op[];
}

function groupBy(problems: readonly Problem[]): Record<string, Problem[]> {
  const grouped: Record<string, Problem[]> = {};
  for (const problem of problems) {
    grouped[problem.node] = [...(grouped[problem.node] ?? []), problem];
  }
  return grouped;
}

type Listener = (...args: never[]) => void;

export class FakeKernel implements Model {
  /** Everything that views sent, in order. */
  readonly received: ToKernel[] = [];
  /** Set to false for a kernel that does not answer. */
  answers = true;
  revision = 0;
  run: Run = IDLE_RUN;
  nodes: Record<string, NodeStatus> = {};
  queue: Queue = EMPTY_QUEUE;
  /** What nodes wrote. */
  log: readonly LogLine[] = [];
  /** Answers what is about neither the document nor a run. */
  onOther: ((message: ToKernel) => void) | null = null;
  onRun: ((kernel: FakeKernel) => void) | null = null;
  onCancel: ((kernel: FakeKernel) => void) | null = null;
  onFullPicture: ((kernel: FakeKernel, asked: Extract<ToKernel, { type: "full_picture" }>) => void) | null = null;
  onMorePictures: ((kernel: FakeKernel, node: string, start: number) => void) | null = null;
  private told: Record<string, Problem[]> = {};
  private undone: Step[] = [];
  private done: Step[] = [];
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(
    public document: GraphDocument = { nodebook: 1, nodes: {} },
    public library: Library = SAMPLE_LIBRARY,
  ) {}

  get listenerCount(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  get<K extends keyof ModelState>(key: K): ModelState[K] {
    const state: ModelState = { graph_name: "sample" };
    return state[key];
  }

  on(name: string, callback: Listener): void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(callback));
  }

  off(name?: string | null, callback?: Listener | null): void {
    if (name && callback) this.listeners.get(name)?.delete(callback);
  }

  send(wire: unknown, _callbacks?: unknown, buffers?: ArrayBuffer[] | ArrayBufferView[]): void {
    const message = fromWire(wire) as ToKernel;
    this.received.push(message);
    if (this.answers) queueMicrotask(() => this.handle(message, buffers ?? []));
  }

  /** Send a message to every view. */
  publish(message: FromKernel, buffers: DataView[] = []): void {
    const wire = JSON.parse(JSON.stringify(toWire(message)));
    for (const listener of this.listeners.get("msg:custom") ?? []) {
      (listener as (message: unknown, buffers: DataView[]) => void)(wire, buffers);
    }
  }

  /** An edit by Python code. */
  edit(label: string, ops: readonly Op[]): void {
    this.apply(null, null, label, ops);
  }

  status(run: Run | null, nodes: Record<string, Partial<NodeStatus>>): void {
    if (run !== null) this.run = run;
    const changed: Record<string, NodeStatus> = {};
    for (const [id, status] of Object.entries(nodes)) {
      changed[id] = { ...IDLE_STATUS, ...this.nodes[id], ...status };
    }
    Object.assign(this.nodes, changed);
    this.publish({ type: "status", nodes: changed, ...(run === null ? {} : { run }) });
  }

  private handle(message: ToKernel, _buffers: unknown[]): void {
    switch (message.type) {
      case "hello":
        this.told = groupBy(this.problems());
        return this.publish(this.snapshot(message.client));
      case "edit":
        return this.apply(message.client, message.batch, message.label, message.ops);
      case "undo":
      case "redo":
        return this.travel(message.type);
      case "run":
        return this.onRun?.(this);
      case "cancel":
        return this.onCancel?.(this);
      case "upload":
        return this.apply(message.client, message.batch, `Upload ${message.name}`, [
          { op: "set_value", node: message.node, input: message.input, value: message.name },
        ]);
      case "paint_mask":
        return this.apply(message.client, message.batch, `Paint a mask on ${message.name}`, [
          { op: "set_value", node: message.node, input: message.input, value: `masked ${message.name}` },
        ]);
      case "full_picture":
        return this.onFullPicture?.(this, message);
      case "more_pictures":
        return this.onMorePictures?.(this, message.node, message.start);
      case "list_files":
      case "seen":
      case "previews":
        return;
      default:
        return this.onOther?.(message);
    }
  }

  private apply(client: string | null, batch: number | null, label: string, ops: readonly Op[]): void {
    const applied = applyOps(this.document, ops);
    if (applied.refused !== undefined) {
      if (client !== null && batch !== null) {
        this.publish({ type: "rejected", client, batch, reason: applied.refused });
      }
      return;
    }
    this.document = applied.document;
    this.done.push({ label, ops, inverse: applied.inverse });
    this.undone = [];
    this.announce(client, batch, label, ops);
  }

  private travel(direction: "undo" | "redo"): void {
    const from = direction === "undo" ? this.done : this.undone;
    const step = from.pop();
    if (step === undefined) return;
    const ops = direction === "undo" ? step.inverse : step.ops;
    const applied = applyOps(this.document, ops);
    if (applied.refused !== undefined) throw new Error(applied.refused);
    this.document = applied.document;
    (direction === "undo" ? this.undone : this.done).push(step);
    this.announce(null, null, `${direction} ${step.label}`, ops);
  }

  private announce(client: string | null, batch: number | null, label: string, ops: readonly Op[]): void {
    this.revision += 1;
    this.publish({
      type: "edited",
      revision: this.revision,
      client,
      batch,
      label,
      ops,
      history: this.history(),
      problems: this.changedProblems(),
    });
  }

  /** As the kernel does: the problems of the nodes that have others than were told last. */
  private changedProblems(): Record<string, Problem[]> {
    const now = groupBy(this.problems());
    const changed: Record<string, Problem[]> = {};
    for (const id of new Set([...Object.keys(now), ...Object.keys(this.told)])) {
      if (JSON.stringify(now[id]) !== JSON.stringify(this.told[id])) changed[id] = now[id] ?? [];
    }
    this.told = now;
    return changed;
  }

  history(): History {
    return { undo: this.done.at(-1)?.label ?? null, redo: this.undone.at(-1)?.label ?? null };
  }

  problems(): Problem[] {
    const problems: Problem[] = [];
    for (const id of orderedIds(this.document)) {
      const node = this.document.nodes[id];
      const type = node && findType(this.library, node.type);
      if (!node || !type) continue;
      for (const input of type.inputs) {
        if (!input.required || node.links?.[input.name]) continue;
        problems.push({ node: id, input: input.name, code: "missing", message: `connect a ${input.type}` });
      }
    }
    return problems;
  }

  snapshot(to: string | null): Snapshot {
    return {
      type: "snapshot",
      to,
      revision: this.revision,
      document: this.document,
      last_id: highestId(this.document),
      history: this.history(),
      run: this.run,
      nodes: this.nodes,
      problems: this.problems(),
      library: this.library,
      queue: this.queue,
    };
  }
}
