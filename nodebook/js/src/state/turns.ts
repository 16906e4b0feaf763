/** Who may do something costly in this frame: cards are mounted a few at a time, so that moving the graph never waits. */

export interface Turns {
  /** Call `go` when it is its turn, unless the returned function was called before. */
  request(go: () => void): () => void;
}

/** Calls back before the next frame with the time in ms. */
export type Frames = (callback: (time: number) => void) => unknown;

const FRAME_MS = 17;
const LATE = 1.5;
const MOST = 4;

/** First come, first served. As many in a frame as let the frames come in time, at least one. */
export function createTurns(signal: AbortSignal, frames: Frames = requestAnimationFrame): Turns {
  const waiting = new Set<() => void>();
  let quota = MOST;
  /** Time of the frame before; null: nothing was asked for. */
  let before: number | null = null;
  let asked = false;

  const onFrame = (time: number) => {
    asked = false;
    if (signal.aborted) return;
    if (before !== null) quota = time - before > LATE * FRAME_MS ? Math.ceil(quota / 2) : Math.min(MOST, quota + 1);
    const now = [...waiting].slice(0, quota);
    for (const go of now) waiting.delete(go);
    before = waiting.size > 0 ? time : null;
    ask();
    for (const go of now) go();
  };
  const ask = () => {
    if (asked || waiting.size === 0) return;
    asked = true;
    frames(onFrame);
  };

  return {
    request(go) {
      waiting.add(go);
      ask();
      return () => void waiting.delete(go);
    },
  };
}
