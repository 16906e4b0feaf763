import { useEffect, useState } from "react";
import type { KernelState } from "../../state/kernel";
import { useEditor } from "../context";

/** A part of the kernel's state, looked at again at most once in `ms`: a run changes it thirty times a second. */
export function useKernelSlowly<T>(selector: (state: KernelState) => T, ms: number): T {
  const { kernel } = useEditor();
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
