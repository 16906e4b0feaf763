from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CELL = """
import threading
import nodebook as nb

stopped = threading.Event()

@nb.node(cache=False)
def slow(a: int = 0) -> int:
    print("working", flush=True)
    try:
        for step in range(100_000):
            nb.progress(step, 100_000)
            threading.Event().wait(0.01)
    finally:
        stopped.set()
    return a

g = nb.Graph()
g.add(slow)
try:
    g.run()
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert stopped.wait(20), "the node went on"
print("stopped", flush=True)

@nb.node
def quick(a: int = 3) -> int:
    return a

other = nb.Graph()
node = other.add(quick)
other.run()
print("then", node.outputs[0], flush=True)
"""


def test_an_interrupt_raises_in_the_cell_stops_the_node_and_leaves_a_working_session(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CELL],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert said.splitlines() == ["interrupted", "stopped", "then 3"], errors
    assert process.returncode == 0, errors
