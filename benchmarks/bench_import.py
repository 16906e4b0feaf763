"""How long ``import nodebook`` takes in a fresh interpreter, and what it must not load.

    python benchmarks/bench_import.py

The promise: at most 0.25 s, without torch, anywidget, NumPy or Pillow.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

PROMISED_S = 0.25
RUNS = 7
FORBIDDEN = ("torch", "anywidget", "ipywidgets", "numpy", "PIL", "IPython", "pydantic")
PROBE = f"""
import json, sys, time
start = time.perf_counter()
import nodebook
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in {FORBIDDEN!r} if name in sys.modules]]))
"""


def main() -> int:
    """Print the figures; return 1 when the promise is not kept."""
    outcomes = [
        json.loads(subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True).stdout)
        for _ in range(RUNS)
    ]
    seconds = statistics.median(outcome[0] for outcome in outcomes)
    loaded = outcomes[0][1]
    kept = seconds <= PROMISED_S and not loaded
    print(f"import nodebook: median {seconds * 1e3:.1f} ms of {RUNS} fresh interpreters; loads {loaded or 'none'} of")
    print(f"  {', '.join(FORBIDDEN)}")
    print(f"promise: ≤ {PROMISED_S * 1e3:.0f} ms and none of them: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
