/**
 * The only file that talks to the kernel (docs/design/protocol.md).
 *
 * Browser → kernel: edits at once, one message per batch. Kernel → browser: `edited` confirms. Shown is always the
 * confirmed document with our unanswered batches replayed on it.
 */
import type { AnyModel } from "@anywidget/types";
import { changesBetween, relinked, sameOps } from "../graph/changes";
import { EMPTY_DOCUMENT, type GraphDocument, highestId, highestOf } from "../graph/document";
import { applyOps, type Op } from "../graph/edits";
import {
  type AutoRunCommand,
  type Break,
  type FromKernel,
  isBusy,
  type NoticeLevel,
  type OfferedVariable,
  type PreviewsCommand,
  type QueueCancel,
  type QueueClear,
  type QueueMove,
  type QueuePause,
  type Restore,
  type Resume,
  type Snapshot,
  type ToKernel,
} from "../protocol";
import type { MaskPlace } from "../state/client";
import { createDisplays, type Displays } from "../state/displays";
import { groupProblems, type KernelStore, mergeProblems, mergeStatuses, usedOf } from "../state/kernel";
import { EMPTY_LOG, mergeLog } from "../state/log";
import { createPictures, type Pictures } from "../state/pictures";
import { createAcks } from "./acks";
import { fromWire, toWire } from "./convert";
import { createFullPictures, type FullPicture } from "./fullPictures";
import { createOffers } from "./offers";

/** The traits of the widget model that the editor reads. */
export interface ModelState extends Record<string, unknown> {
  graph_name: string | null;
}

export type Model = Pick<AnyModel<ModelState>, "get" | "on" | "off" | "send">;

const RETRY_MS = 2000;
const GIVE_UP_MS = 5000;
/** A kernel that says nothing at all for so long after an edit or a run is called silent. */
const ANSWER_MS = 10_000;

export interface SessionOptions {
  readonly model: Model;
  readonly store: KernelStore;
  readonly client: string;
  readonly onNotice: (level: NoticeLevel, text: string) => void;
  /** Ends the session: no listener and no timer stays. */
  readonly signal: AbortSignal;
}

export interface RunOptions {
  readonly count?: number;
  /** Before all that waits. */
  readonly front?: boolean;
}

type WithoutClient<T> = T extends ToKernel ? Omit<T, "client"> : never;
export type Asked = WithoutClient<
  AutoRunCommand | Break | Resume | QueueMove | QueueCancel | QueuePause | QueueClear | PreviewsCommand | Restore
>;

/** What the editor may ask of the kernel. */
export interface Session {
  readonly client: string;
  readonly pictures: Pictures;
  readonly displays: Displays;
  edit(label: string, ops: readonly Op[]): void;
  /** Ids that no node of this graph has or had, as far as this view knows. */
  newIds(count: number): string[];
  undo(): void;
  redo(): void;
  run(targets: readonly string[] | null, how?: RunOptions): void;
  cancel(): void;
  /** Ask what a run would do; the answer is `plan` of the store. */
  plan(targets: readonly string[] | null): void;
  /** What is no edit of the document: answered, if at all, by what the kernel tells all views. */
  ask(what: Asked): void;
  /** Ask what nodes wrote since it was last asked; the answer is added to `log` of the store. */
  askLog(): void;
  /** Which variables the notebook has, those first that an input could take; none where the kernel does not answer. */
  variables(node: string, input: string): Promise<readonly OfferedVariable[]>;
  /** Give an input a value again: what its variable holds. */
  unbind(node: string, input: string): void;
  /** Ask for the files that inputs may name, since folders change; an answer comes only if they did. */
  listFiles(): void;
  /** Store a file in the input folder and set the input to its name. Resolves when the kernel answered. */
  upload(node: string, input: string, name: string, bytes: ArrayBuffer, graph?: string): Promise<void>;
  /** One picture of a node's result, or a picture file, whole. Rejects with words for a person where there is none. */
  fullPicture(node: string, index: number, file?: string): Promise<FullPicture>;
  /** Give a picture a mask as its alpha and set the input to what it is called then. Resolves when the kernel answered. */
  paintMask(place: MaskPlace, mask: ArrayBuffer): Promise<void>;
  /** Ask for the pictures around one of a batch that was not sent unasked. */
  morePictures(node: string, index: number): void;
  hello(): void;
}

interface Pending {
  readonly batch: number;
  readonly ops: readonly Op[];
}

export function startSession(options: SessionOptions): Session {
  const { model, store, client, onNotice, signal } = options;
  let confirmed: GraphDocument = EMPTY_DOCUMENT;
  let revision = -1;
  let pending: Pending[] = [];
  let lastBatch = 0;
  /** Batches up to this one were sent before the last hello: its answer contains them or they were refused. */
  let helloBatch = 0;
  let lastId = 0;
  let awaitingSnapshot = true;
  let timers: ReturnType<typeof setTimeout>[] = [];
  let answerTimer: ReturnType<typeof setTimeout> | undefined;
  /** A message of ours never left: what the kernel holds must be asked for when it is back. */
  let unsent = false;
  const uploads = new Map<number, () => void>();

  const onUnsent = () => {
    if (signal.aborted) return;
    unsent = true;
    store.setState({ link: "silent" });
  };
  /** After a restart of the kernel `model.send` throws, at once or later, or does nothing. */
  const send = (message: ToKernel, buffers: ArrayBuffer[] = []): boolean => {
    if (signal.aborted && message.type !== "bye") return false;
    try {
      const sent: unknown = model.send(toWire(message), undefined, buffers);
      if (sent instanceof Promise) sent.catch(onUnsent);
      return true;
    } catch {
      onUnsent();
      return false;
    }
  };
  /** Any message answers: a kernel that is busy with a long cell still tells its runs. */
  const expectAnswer = () => {
    if (signal.aborted || store.getState().link !== "live") return;
    answerTimer ??= setTimeout(() => {
      answerTimer = undefined;
      store.setState({ link: "silent" });
    }, ANSWER_MS);
  };
  const onAlive = () => {
    clearTimeout(answerTimer);
    answerTimer = undefined;
    const { link, loaded } = store.getState();
    if (link !== "silent" || !loaded) return;
    store.setState({ link: "live" });
    if (unsent) hello();
  };
  const pictures = createPictures(createAcks((seq) => send({ type: "seen", client, seq }), signal));

  const displays = createDisplays();
  const fullPictures = createFullPictures(client, send, signal);
  const offers = createOffers(client, send, signal);

  /** Replay what is unconfirmed over what is confirmed. A batch that no longer applies waits unseen for its answer. */
  const show = () => {
    let document = confirmed;
    for (const batch of pending) {
      const applied = applyOps(document, batch.ops);
      if (applied.refused === undefined) document = applied.document;
    }
    store.setState((state) => {
      const changes = changesBetween(state.document, document);
      const inside = state.document.subgraphs === document.subgraphs ? 0 : highestId(document);
      lastId = Math.max(lastId, highestOf(changes.added), inside);
      const links = relinked(state.document, document, changes);
      const used = links?.length === 0 ? state.used : usedOf(document, state.used);
      return { document, pending: pending.length, used };
    });
  };

  const stopTimers = () => {
    for (const timer of timers) clearTimeout(timer);
    timers = [];
  };

  const hello = () => {
    stopTimers();
    awaitingSnapshot = true;
    unsent = false;
    const ask = () => {
      helloBatch = lastBatch;
      send({ type: "hello", client });
    };
    ask();
    timers = [setTimeout(ask, RETRY_MS), setTimeout(() => store.setState({ link: "silent" }), GIVE_UP_MS)];
  };

  const settle = (batch: number | null) => {
    pending = pending.filter((one) => one.batch !== batch);
    if (batch === null) return;
    uploads.get(batch)?.();
    uploads.delete(batch);
  };

  const adopt = (message: Snapshot) => {
    revision = message.revision;
    confirmed = message.document;
    lastId = Math.max(lastId, message.last_id);
    store.setState((state) => ({
      loaded: true,
      history: message.history,
      run: message.run,
      statuses: mergeStatuses({}, message.nodes),
      problems: groupProblems(message.problems, state.problems),
      library: message.library,
      queue: message.queue,
      log: EMPTY_LOG,
      variables: {},
    }));
    show();
  };

  const onSnapshot = (message: Snapshot) => {
    if (message.to === client) {
      stopTimers();
      awaitingSnapshot = false;
      for (const { batch } of pending.filter((one) => one.batch <= helloBatch)) settle(batch);
      adopt(message);
      store.setState({ link: "live" });
    } else if (revision < 0) {
      adopt(message);
    } else if (!awaitingSnapshot && message.revision > revision) {
      hello();
    }
  };

  const onEdited = (message: Extract<FromKernel, { type: "edited" }>) => {
    const [first] = pending;
    const isNext = message.client === client && first !== undefined && first.batch === message.batch;
    if (message.client === client) settle(message.batch);
    if (message.revision <= revision || awaitingSnapshot) return show();
    const applied = message.revision === revision + 1 ? applyOps(confirmed, message.ops) : null;
    if (applied === null || applied.refused !== undefined) return hello();
    revision = message.revision;
    confirmed = applied.document;
    store.setState((state) => ({
      history: message.history,
      problems: mergeProblems(state.problems, message.problems),
    }));
    if (!isNext || !sameOps(first.ops, message.ops)) return show();
    // What is shown says this already. Kept as it is, so that nothing renders twice for one edit.
    if (pending.length === 0) confirmed = store.getState().document;
    store.setState({ pending: pending.length });
  };

  const onMessage = (wire: unknown, buffers: readonly DataView[] = []) => {
    const message = fromWire(wire) as FromKernel;
    onAlive();
    switch (message.type) {
      case "snapshot":
        return onSnapshot(message);
      case "edited":
        return onEdited(message);
      case "rejected":
        if (message.client !== client) return;
        settle(message.batch);
        show();
        return onNotice("error", `The edit was not applied. ${message.reason}`);
      case "status":
        return store.setState((state) => ({
          run: message.run ?? state.run,
          statuses: message.nodes ? mergeStatuses(state.statuses, message.nodes) : state.statuses,
        }));
      case "library":
        return store.setState((state) => ({
          library: message.library,
          problems: groupProblems(message.problems, state.problems),
        }));
      case "plan":
        if (message.to === client) store.setState({ plan: message });
        return;
      case "log":
        if (message.to === client) store.setState((state) => ({ log: mergeLog(state.log, message) }));
        return;
      case "queue":
        return store.setState({ queue: message.queue });
      case "bound":
        return store.setState((state) => ({
          variables: message.variables,
          problems: mergeProblems(state.problems, message.problems),
        }));
      case "variables":
        return offers.receive(message);
      case "notice":
        if (message.client === null || message.client === client) onNotice(message.level, message.text);
        return;
      case "display":
        return displays.receive(message, buffers);
      case "full_picture":
        return fullPictures.receive(message, buffers[0]);
      case "picture":
        if (buffers[0] !== undefined) pictures.receive(message, buffers[0]);
        return;
    }
  };

  model.on("msg:custom", onMessage);
  signal.addEventListener(
    "abort",
    () => {
      stopTimers();
      clearTimeout(answerTimer);
      model.off("msg:custom", onMessage);
      send({ type: "bye", client });
    },
    { once: true },
  );
  hello();

  const sendFile = (type: "upload" | "paint_mask", place: MaskPlace, bytes: ArrayBuffer): Promise<void> => {
    lastBatch += 1;
    const batch = lastBatch;
    expectAnswer();
    const { node, input, name, graph } = place;
    const inside = graph === undefined ? {} : { graph };
    if (!send({ type, client, batch, node, input, name, ...inside }, [bytes])) return Promise.resolve();
    return new Promise((resolve) => uploads.set(batch, resolve));
  };

  return {
    client,
    pictures,
    displays,
    hello,
    edit(label, ops) {
      if (ops.length === 0) return;
      lastBatch += 1;
      pending.push({ batch: lastBatch, ops });
      show();
      expectAnswer();
      send({ type: "edit", client, batch: lastBatch, label, ops });
    },
    newIds(count) {
      return Array.from({ length: count }, () => String(++lastId));
    },
    undo() {
      // With nothing to undo there is nothing to answer.
      if (store.getState().history.undo !== null) expectAnswer();
      send({ type: "undo", client });
    },
    redo() {
      if (store.getState().history.redo !== null) expectAnswer();
      send({ type: "redo", client });
    },
    run(targets, how = {}) {
      // A run that waits behind another may be told only when that one ends.
      if (!isBusy(store.getState().run)) expectAnswer();
      send({ type: "run", client, targets, ...how });
    },
    ask: (what) => void send({ ...what, client }),
    askLog: () => void send({ type: "log", client, after: store.getState().log.upto }),
    cancel: () => void send({ type: "cancel", client }),
    plan: (targets) => void send({ type: "plan", client, targets }),
    fullPicture: fullPictures.ask,
    morePictures(node, index) {
      const start = pictures.toAsk(node, index);
      if (start !== null) send({ type: "more_pictures", client, node, start });
    },
    variables: offers.ask,
    unbind: (node, input) => void send({ type: "unbind", client, node, input }),
    listFiles: () => void send({ type: "list_files", client }),
    upload: (node, input, name, bytes, graph) => sendFile("upload", { node, input, name, graph }, bytes),
    paintMask: (place, mask) => sendFile("paint_mask", place, mask),
  };
}
