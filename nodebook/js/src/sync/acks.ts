/** How long acknowledgements wait for one another. One message per picture costs more than painting it. */
const TOGETHER_MS = 100;

/** Return a function that notes painted pictures and says the newest number at most ten times a second. */
export function createAcks(say: (seq: number) => void, signal: AbortSignal): (seq: number) => void {
  let newest = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return (seq) => {
    newest = Math.max(newest, seq);
    if (signal.aborted) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      say(newest);
    }, TOGETHER_MS);
  };
}
