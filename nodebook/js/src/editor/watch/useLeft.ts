import { useEffect, useRef, useState } from "react";

const TICK_MS = 1000;

/**
 * The seconds that are left now: counted down since the kernel said so. `told` is another object with each of its words.
 */
export function useLeft(left: number | null, told: unknown): number | null {
  const [, tick] = useState(0);
  const since = useRef({ told, at: performance.now() });
  if (since.current.told !== told) since.current = { told, at: performance.now() };
  const known = left !== null;
  useEffect(() => {
    if (!known) return;
    const timer = setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [known]);
  return left === null ? null : Math.max(0, left - (performance.now() - since.current.at) / 1000);
}
