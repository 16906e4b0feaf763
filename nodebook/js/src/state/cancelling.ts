/** "Cancelling…": from the click on Cancel until the kernel says that the run is over, or another one goes on. */
import { isBusy } from "../protocol";
import type { ClientStore } from "./client";
import type { KernelStore } from "./kernel";

/** So long after Cancel a run counts as stuck. The kernel gives it up on a second Cancel from 2 s on. */
export const STUCK_AFTER_MS = 2500;

/** Returns what to do on a click. Without a kernel there is nothing to wait for. */
export function bindCancelling(kernel: KernelStore, client: ClientStore, signal: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(timer);
    client.setState({ cancelling: false, stuck: false });
  };
  const stop = kernel.subscribe((state, before) => {
    if (!client.getState().cancelling) return;
    if (!isBusy(state.run) || state.run.id !== before.run.id || state.link === "silent") end();
  });
  const leave = () => {
    stop();
    clearTimeout(timer);
  };
  signal.addEventListener("abort", leave, { once: true });
  return () => {
    const { run, link } = kernel.getState();
    if (!isBusy(run) || link === "silent" || client.getState().cancelling) return;
    client.setState({ cancelling: true });
    timer = setTimeout(() => client.setState({ stuck: true }), STUCK_AFTER_MS);
  };
}
