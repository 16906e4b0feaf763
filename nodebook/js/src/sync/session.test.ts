import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../dev/fakeKernel";
import type { GraphDocument } from "../graph/document";
import type { Op } from "../graph/edits";
import { EMPTY_QUEUE, type FromKernel } from "../protocol";
import { createKernelStore } from "../state/kernel";
import { startSession } from "./session";

const DOCUMENT: GraphDocument = {
  nodebook: 1,
  nodes: { "1": { type: "LoadImage" }, "2": { type: "ImageBlur", values: { sigma: 1.5 } } },
};
const setSigma = (value: number): Op => ({ op: "set_value", node: "2", input: "sigma", value });

const ends: AbortController[] = [];

function view(kernel: FakeKernel, client = "me") {
  const store = createKernelStore();
  const end = new AbortController();
  const notices: string[] = [];
  ends.push(end);
  const onNotice = (_level: string, text: string) => notices.push(text);
  const session = startSession({ model: kernel, store, client, onNotice, signal: end.signal });
  const sigma = () => store.getState().document.nodes["2"]?.values?.sigma;
  return { store, session, notices, end, sigma };
}

/** Let the fake kernel's microtask queue run. */
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
  vi.useRealTimers();
});

describe("mounting", () => {
  test("is live when hello is answered", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store } = view(kernel);
    expect(store.getState()).toMatchObject({ loaded: false, link: "connecting" });
    await settle();
    expect(store.getState()).toMatchObject({ loaded: true, link: "live", document: DOCUMENT });
    expect(kernel.received.map((one) => one.type)).toEqual(["hello"]);
  });

  test("says bye when it is taken off the page, and nothing after that", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { session, end } = view(kernel);
    await settle();
    end.abort();
    session.hello();
    await settle();
    expect(kernel.received.map((one) => one.type)).toEqual(["hello", "bye"]);
  });

  test("asks again after 2 s, then says that the kernel is silent, and recovers", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    kernel.answers = false;
    const { store, session } = view(kernel);
    await vi.advanceTimersByTimeAsync(2100);
    expect(kernel.received.filter((one) => one.type === "hello")).toHaveLength(2);
    expect(store.getState()).toMatchObject({ loaded: false, link: "connecting" });
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.getState().link).toBe("silent");
    kernel.answers = true;
    session.hello();
    await settle();
    expect(store.getState()).toMatchObject({ loaded: true, link: "live" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.getState().link).toBe("live");
  });

  test("teardown leaves no listener and no timer, and sends nothing more", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    kernel.answers = false;
    const { session, end } = view(kernel);
    expect(kernel.listenerCount).toBe(1);
    end.abort();
    expect(kernel.listenerCount).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    const before = kernel.received.length;
    session.edit("late", [setSigma(9)]);
    expect(kernel.received).toHaveLength(before);
  });
});

describe("a plan", () => {
  test("is asked for, and the answer to this view is kept", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const client = "me";
    const { store, session } = view(kernel, client);
    await settle();
    session.plan(["2"]);
    await settle();
    expect(kernel.received.at(-1)).toEqual({ type: "plan", client, targets: ["2"] });
    const row = { node: "2", title: "Blur", action: "run", reason: "sigma 1 → 2", seconds: 0.5, bytes: 9 } as const;
    const changes = [["sigma", "1", "2"]] as const;
    const plan = { type: "plan", rows: [{ ...row, changes }], total: 1, seconds: 0.5, peak_bytes: 9 } as const;
    kernel.publish({ ...plan, to: "another view" });
    expect(store.getState().plan).toBeNull();
    kernel.publish({ ...plan, to: client });
    expect(store.getState().plan).toEqual({ ...plan, to: client });
  });
});

describe("the queue", () => {
  const queued = { id: "7", graph: null, mine: true, nodes: 3, state: "waiting", priority: 2, position: 0 } as const;
  const ended = {
    id: "6",
    graph: "mine",
    mine: true,
    state: "abandoned",
    finished: 1,
    seconds: 2,
    executed: 3,
    cached: 4,
    failed: 1,
  };

  test("is empty before the kernel tells it, and kept as the kernel last told it", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store } = view(kernel);
    await settle();
    expect(store.getState().queue).toEqual(EMPTY_QUEUE);
    const queue = { ...EMPTY_QUEUE, pending: [queued], waiting: 1, recent: [ended], auto_run: true };
    kernel.publish({ type: "queue", queue });
    expect(store.getState().queue).toEqual(queue);
  });

  test("comes with the snapshot", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store } = view(kernel);
    await settle();
    const queue = { ...EMPTY_QUEUE, running: [{ ...queued, state: "running" as const }] };
    const { history, link: _link, ...state } = store.getState();
    kernel.publish({
      type: "snapshot",
      to: "me",
      revision: 0,
      document: DOCUMENT,
      last_id: 3,
      history,
      run: state.run,
      nodes: {},
      problems: [],
      library: state.library,
      queue,
    });
    expect(store.getState().queue).toEqual(queue);
  });
});

describe("a kernel that is gone", () => {
  const blur = [setSigma(2.5)];
  const dead = () => {
    throw new Error("Cannot send");
  };

  test("a send that throws is told, not thrown; the next message heals it by hello", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session, sigma } = view(kernel);
    await settle();
    const send = vi.spyOn(kernel, "send").mockImplementation(dead);
    session.edit("lost", blur);
    expect(store.getState()).toMatchObject({ link: "silent", pending: 1 });
    session.run(null);
    session.hello();
    await session.upload("1", "image", "a.png", new ArrayBuffer(1));
    expect(store.getState().link).toBe("silent");
    send.mockRestore();
    kernel.status(null, {});
    expect(store.getState().link).toBe("live");
    await settle();
    expect(store.getState()).toMatchObject({ link: "live", pending: 0 });
    expect(sigma()).toBe(1.5);
  });

  test("a send that is refused later is told too", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session } = view(kernel);
    await settle();
    vi.spyOn(kernel, "send").mockImplementation(() => Promise.reject(new Error("closed")) as never);
    session.edit("lost", blur);
    await settle();
    expect(store.getState().link).toBe("silent");
  });

  test.each(["edit", "undo", "run"] as const)(
    "no word for 10 s after %s: silent until the next message",
    async (what) => {
      const kernel = new FakeKernel(DOCUMENT);
      const { store, session } = view(kernel);
      await settle();
      session.edit("first", [setSigma(3.5)]);
      await settle();
      await vi.advanceTimersByTimeAsync(20_000);
      expect(store.getState().link).toBe("live");
      kernel.answers = false;
      if (what === "edit") session.edit("mine", blur);
      else if (what === "undo") session.undo();
      else session.run(null);
      await vi.advanceTimersByTimeAsync(9900);
      expect(store.getState().link).toBe("live");
      await vi.advanceTimersByTimeAsync(200);
      expect(store.getState().link).toBe("silent");
      const hellos = () => kernel.received.filter((one) => one.type === "hello").length;
      expect(hellos()).toBe(1);
      kernel.status(null, { "1": { state: "running" } });
      expect(store.getState().link).toBe("live");
      await vi.advanceTimersByTimeAsync(20_000);
      expect(store.getState().link).toBe("live");
      expect(hellos()).toBe(1);
    },
  );

  test("a status in time, nothing to undo, and a second run are no reason for alarm", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session } = view(kernel);
    await settle();
    kernel.answers = false;
    session.undo();
    await vi.advanceTimersByTimeAsync(20_000);
    session.edit("mine", blur);
    await vi.advanceTimersByTimeAsync(9000);
    kernel.status({ ...kernel.run, id: "1", state: "running" }, {});
    session.run(null);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.getState().link).toBe("live");
  });
});

describe("edits", () => {
  test("are shown before the kernel answers and confirmed after", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session, sigma } = view(kernel);
    await settle();
    session.edit("Set sigma", [setSigma(2.5)]);
    expect(sigma()).toBe(2.5);
    expect(store.getState().pending).toBe(1);
    await settle();
    expect(sigma()).toBe(2.5);
    expect(store.getState()).toMatchObject({ pending: 0, history: { undo: "Set sigma", redo: null } });
    expect(kernel.revision).toBe(1);
  });

  test("of Python come in below our own unconfirmed ones", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session, sigma } = view(kernel);
    await settle();
    kernel.answers = false;
    session.edit("mine", [setSigma(2.5)]);
    kernel.edit("theirs", [setSigma(7.5), { op: "set_title", node: "1", title: "From code" }]);
    expect(sigma()).toBe(2.5);
    expect(store.getState().document.nodes["1"]?.title).toBe("From code");
    expect(store.getState().pending).toBe(1);
  });

  test("that are rejected are taken back, with the reason", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session, notices } = view(kernel);
    await settle();
    kernel.document = { nodebook: 1, nodes: { "1": { type: "LoadImage" } } };
    session.edit("mine", [setSigma(2.5)]);
    await settle();
    expect(store.getState().pending).toBe(0);
    expect(notices).toEqual([expect.stringContaining("no node 2")]);
  });

  test("whose node is gone wait unseen and do not disturb the others", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session } = view(kernel);
    await settle();
    kernel.answers = false;
    session.edit("mine", [setSigma(2.5)]);
    session.edit("mine too", [{ op: "set_title", node: "1", title: "Kept" }]);
    kernel.edit("theirs", [{ op: "remove_node", id: "2" }]);
    expect(Object.keys(store.getState().document.nodes)).toEqual(["1"]);
    expect(store.getState().document.nodes["1"]?.title).toBe("Kept");
  });

  test("of one view reach the other", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const one = view(kernel, "one");
    const two = view(kernel, "two");
    await settle();
    one.session.edit("Set sigma", [setSigma(3.5)]);
    expect(two.sigma()).toBe(1.5);
    await settle();
    expect(two.sigma()).toBe(3.5);
    expect(two.store.getState().pending).toBe(0);
    two.session.undo();
    await settle();
    expect([one.sigma(), two.sigma()]).toEqual([1.5, 1.5]);
  });

  test("64-bit numbers travel tagged", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const send = vi.spyOn(kernel, "send");
    const { session } = view(kernel);
    session.edit("seed", [{ op: "set_value", node: "2", input: "seed", value: 18446744073709551615n }]);
    expect(send.mock.lastCall?.[0]).toMatchObject({ ops: [{ value: { $int: "18446744073709551615" } }] });
  });
});

describe("loss", () => {
  const edited = (kernel: FakeKernel, revision: number, ops: Op[]): FromKernel => ({
    type: "edited",
    revision,
    client: null,
    batch: null,
    label: "x",
    ops,
    history: kernel.history(),
    problems: {},
  });

  test("a gap in the revisions is healed by hello", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { sigma } = view(kernel);
    await settle();
    kernel.document = { nodebook: 1, nodes: { ...DOCUMENT.nodes, "2": { type: "ImageBlur", values: { sigma: 9.5 } } } };
    kernel.revision = 5;
    kernel.publish(edited(kernel, 5, [setSigma(9.5)]));
    expect(sigma()).toBe(1.5);
    await settle();
    expect(sigma()).toBe(9.5);
    expect(kernel.received.filter((one) => one.type === "hello")).toHaveLength(2);
  });

  test("a message that comes twice is applied once", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store } = view(kernel);
    await settle();
    kernel.edit("add", [{ op: "add_node", id: "3", node: { type: "LoadImage" } }]);
    kernel.publish(edited(kernel, 1, [{ op: "add_node", id: "3", node: { type: "LoadImage" } }]));
    expect(Object.keys(store.getState().document.nodes)).toEqual(["1", "2", "3"]);
    expect(kernel.received.filter((one) => one.type === "hello")).toHaveLength(1);
  });

  test("our batch whose answer was lost is not shown twice after the next snapshot", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session } = view(kernel);
    await settle();
    const publish = vi.spyOn(kernel, "publish").mockImplementationOnce(() => {});
    session.edit("rename", [{ op: "set_title", node: "1", title: "Mine" }]);
    await settle();
    publish.mockRestore();
    expect(store.getState().pending).toBe(1);
    kernel.edit("theirs", [{ op: "set_title", node: "1", title: "Theirs" }]);
    await settle();
    expect(store.getState()).toMatchObject({ pending: 0 });
    expect(store.getState().document.nodes["1"]?.title).toBe("Theirs");
  });

  test("edits made after hello stay over the snapshot that answers it", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session, sigma } = view(kernel);
    await settle();
    session.hello();
    session.edit("early", [setSigma(4.5)]);
    expect(sigma()).toBe(4.5);
    await settle();
    expect(sigma()).toBe(4.5);
    expect(store.getState().pending).toBe(0);
  });
});

test("new ids are above every id that the view saw, removed ones too", async () => {
  const kernel = new FakeKernel(DOCUMENT);
  const { session } = view(kernel);
  await settle();
  kernel.edit("add", [{ op: "add_node", id: "7", node: { type: "A" } }]);
  kernel.edit("remove", [{ op: "remove_node", id: "7" }]);
  expect(session.newIds(2)).toEqual(["8", "9"]);
});

test("a status merges what changed and leaves the other nodes the same objects", async () => {
  const kernel = new FakeKernel(DOCUMENT);
  const { store } = view(kernel);
  await settle();
  kernel.status(null, { "1": { state: "done", seconds: 1 }, "2": { state: "queued" } });
  const before = store.getState().statuses;
  kernel.status(null, { "2": { state: "running", progress: [1, 4] } });
  expect(store.getState().statuses["1"]).toBe(before["1"]);
  expect(store.getState().statuses["2"]).toMatchObject({ state: "running", progress: [1, 4], error: null });
});

test("an upload sends the bytes and ends when the kernel answered", async () => {
  const kernel = new FakeKernel(DOCUMENT);
  const send = vi.spyOn(kernel, "send");
  const { store, session } = view(kernel);
  await settle();
  const bytes = new Uint8Array([1, 2, 3]).buffer;
  await session.upload("1", "image", "a.png", bytes);
  expect(send.mock.lastCall?.[2]).toEqual([bytes]);
  expect(store.getState().document.nodes["1"]?.values?.image).toBe("a.png");
});

describe("problems", () => {
  const places = (store: ReturnType<typeof createKernelStore>) => [...store.getState().problems.keys()];

  test("come whole with a snapshot and as differences with an edit, in document order", async () => {
    const kernel = new FakeKernel({ nodebook: 1, nodes: { "2": { type: "ImageBlur" }, "10": { type: "ImageBlur" } } });
    const { store, session } = view(kernel);
    await settle();
    expect(places(store)).toEqual(["2", "10"]);
    const before = store.getState().problems;
    session.edit("blur", [setSigma(2)]);
    await settle();
    expect(store.getState().problems).toBe(before);
    session.edit("add", [{ op: "add_node", id: "3", node: { type: "ImageBlur" } }]);
    await settle();
    expect(places(store)).toEqual(["2", "3", "10"]);
    expect(store.getState().problems.get("10")).toBe(before.get("10"));
    session.edit("connect", [{ op: "set_link", node: "2", input: "image", source: ["3", "IMAGE"] }]);
    await settle();
    expect(places(store)).toEqual(["3", "10"]);
  });
});

test("an edit that the kernel confirms as it was made changes what is shown once", async () => {
  const kernel = new FakeKernel(DOCUMENT);
  const { store, session, sigma } = view(kernel);
  await settle();
  const shown: unknown[] = [];
  store.subscribe((state, before) => state.document !== before.document && shown.push(state.document));
  session.edit("blur", [setSigma(2)]);
  session.edit("blur", [setSigma(3)]);
  await settle();
  expect(shown).toHaveLength(2);
  expect(store.getState()).toMatchObject({ pending: 0, document: shown[1] });
  kernel.edit("by code", [setSigma(4)]);
  expect([shown.length, sigma()]).toEqual([3, 4]);
});

describe("what is no edit", () => {
  test("is sent as it is asked", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { session } = view(kernel);
    session.ask({ type: "queue_move", job: "7", position: 0 });
    session.run(null, { count: 3, front: true });
    await settle();
    expect(kernel.received.slice(1)).toEqual([
      { type: "queue_move", client: "me", job: "7", position: 0 },
      { type: "run", client: "me", targets: null, count: 3, front: true },
    ]);
  });

  test("the log is asked for on from what is known, and begun anew with a snapshot", async () => {
    const kernel = new FakeKernel(DOCUMENT);
    const { store, session } = view(kernel);
    await settle();
    const line = { id: 1, node: "2", run: "1", time: 0, level: "out", text: "x" };
    kernel.publish({ type: "log", to: "another", lines: [line], upto: 3 });
    expect(store.getState().log.lines).toEqual([]);
    kernel.publish({ type: "log", to: "me", lines: [line], upto: 5 });
    session.askLog();
    expect(kernel.received.at(-1)).toEqual({ type: "log", client: "me", after: 5 });
    session.hello();
    await settle();
    expect(store.getState().log).toEqual({ lines: [], upto: 0 });
  });
});
