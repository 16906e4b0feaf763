import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { KernelState } from "../../state/kernel";
import { useEditor } from "../context";

/** A part of the kernel's state of the whole document, whatever part of the graph is shown. */
export function useWhole<T>(selector: (state: KernelState) => T): T {
  return useStore(useEditor().scope.whole.kernel, selector);
}

/** The same, looked at again at most once in `ms`: a run changes it thirty times a second. */
export function useWholeSlowly<T>(selector: (state: KernelState) => T, ms: number): T {
  const { kernel } = useEditor().scope.whole;
  const [value, setValue] = useState(() => selector(kernel.getState()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the selector is one function for good
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer = undefined;
      setValue(() => selector(kernel.getState()));
    };
    look();
    const stop = kernel.subscribe((state, before) => {
      if (timer === undefined && selector(state) !== selector(before)) timer = setTimeout(look, ms);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [kernel, ms]);
  return value;
}
