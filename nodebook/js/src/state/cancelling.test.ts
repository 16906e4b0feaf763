import { expect, test, vi } from "vitest";
import { IDLE_RUN, type RunState } from "../protocol";
import { bindCancelling, STUCK_AFTER_MS } from "./cancelling";
import { createClientStore } from "./client";
import { createKernelStore } from "./kernel";

function stores() {
  const kernel = createKernelStore();
  const client = createClientStore();
  const onCancel = bindCancelling(kernel, client, new AbortController().signal);
  const run = (state: RunState, id = "1") => kernel.setState({ link: "live", run: { ...IDLE_RUN, id, state } });
  return { kernel, onCancel, run, client, cancelling: () => client.getState().cancelling };
}

test("cancelling lasts from the click to the end of the run", () => {
  const { onCancel, run, cancelling } = stores();
  run("queued");
  onCancel();
  expect(cancelling()).toBe(true);
  run("running");
  expect(cancelling()).toBe(true);
  run("cancelled");
  expect(cancelling()).toBe(false);
  run("running", "2");
  expect(cancelling()).toBe(false);
});

test("it ends with another run, with a silent kernel, and does not begin without a run", () => {
  const { kernel, onCancel, run, cancelling } = stores();
  run("done");
  onCancel();
  expect(cancelling()).toBe(false);
  run("running");
  onCancel();
  run("running", "2");
  expect(cancelling()).toBe(false);
  onCancel();
  kernel.setState({ link: "silent" });
  expect(cancelling()).toBe(false);
});

test("a run that goes on for a while after Cancel is stuck, until it ends", () => {
  vi.useFakeTimers();
  const { onCancel, run, client } = stores();
  run("running");
  onCancel();
  vi.advanceTimersByTime(STUCK_AFTER_MS - 1);
  expect(client.getState().stuck).toBe(false);
  vi.advanceTimersByTime(1);
  expect(client.getState().stuck).toBe(true);
  run("abandoned");
  expect(client.getState()).toMatchObject({ cancelling: false, stuck: false });
  run("running", "2");
  onCancel();
  run("cancelled", "2");
  vi.advanceTimersByTime(STUCK_AFTER_MS);
  expect(client.getState().stuck).toBe(false);
  vi.useRealTimers();
});
