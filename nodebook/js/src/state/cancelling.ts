/** "Cancelling…": from the click on Cancel until the kernel says that the run is over, or another one goes on. */
import { isBusy } from "../protocol";
import type { ClientStore } from "./client";
import type { KernelStore } from "./kernel";

/** Returns what to do on a click. Without a kernel there is nothing to wait for. */
export function bindCancelling(kernel: KernelStore, client: ClientStore, signal: AbortSignal): () => void {
  const stop = kernel.subscribe((state, before) => {
    if (!client.getState().cancelling) return;
    if (!isBusy(state.run) || state.run.id !== before.run.id || state.link === "silent") {
      client.setState({ cancelling: false });
    }
  });
  signal.addEventListener("abort", stop, { once: true });
  return () => {
    const { run, link } = kernel.getState();
    if (isBusy(run) && link !== "silent") client.setState({ cancelling: true });
  };
}
