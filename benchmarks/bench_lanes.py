"""Independent branches take the time of the longest, not the sum: async nodes, waiting threads, and CPU work.

    python benchmarks/bench_lanes.py [--repeats 3]

Each row is one graph of independent nodes, run by nodebook, and the same work by plain means: one after the other, by
asyncio.gather or a thread pool, and by dask's threaded scheduler. All in one process and one after the other, since the
machine's speed changes from minute to minute. The promise: at most a tenth above the best plain way that overlaps.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import perf_counter, sleep

from dask.threaded import get as get_threaded

from nodebook.engine.node import NodeFunction, node
from nodebook.graph import Graph
from nodebook.sessions import Session

WAIT_S = 0.2
ROUNDS = 400_000
"""Iterations of PBKDF2, which runs without the interpreter's lock: some 0.15 s."""

PROMISED_RATIO = 1.10

_fresh = count()
"""Gives each node an input that no node had before, so that nothing comes from the cache."""


def wait(number: int) -> int:
    """Wait, as for a disk or a network."""
    sleep(WAIT_S)
    return number


async def wait_async(number: int) -> int:
    """Wait on the event loop."""
    await asyncio.sleep(WAIT_S)
    return number


def work(number: int) -> int:
    """Compute without the interpreter's lock, as NumPy, torch and Pillow do."""
    return hashlib.pbkdf2_hmac("sha256", b"%d" % number, b"salt", ROUNDS)[0]


Plain = Callable[[int], int]

NODES: dict[str, NodeFunction[..., object]] = {
    "async": node(name="BenchAsync")(wait_async),
    "threads": node(name="BenchThreads", lane="concurrent")(wait),
    "cpu": node(name="BenchCpu", lane="concurrent")(work),
    "main": node(name="BenchMain")(work),
}


def run_nodebook(session: Session, kinds: Sequence[str]) -> float:
    """Return the seconds of ``g.run()`` on a graph of independent nodes of these kinds."""
    graph = Graph(own_session=session)
    for kind in kinds:
        graph.add(NODES[kind], number=next(_fresh))
    start = perf_counter()
    run = graph.run()
    seconds = perf_counter() - start
    assert len(run.executed) == len(kinds), run
    return seconds


def run_serial(kinds: Sequence[str]) -> float:
    """Return the seconds that the same work takes one after the other."""
    start = perf_counter()
    for kind in kinds:
        plain_of(kind)(next(_fresh))
    return perf_counter() - start


def run_plain(kinds: Sequence[str]) -> float:
    """Return the seconds of the plain way that overlaps: ``asyncio.gather`` for what waits, a pool for the rest."""

    async def both() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max(4, os.cpu_count() or 1)) as pool:
            waiting = [wait_async(next(_fresh)) for kind in kinds if kind == "async"]
            rest = [loop.run_in_executor(pool, plain_of(kind), next(_fresh)) for kind in kinds if kind != "async"]
            await asyncio.gather(*waiting, *rest)

    start = perf_counter()
    asyncio.run(both())
    return perf_counter() - start


def run_dask(kinds: Sequence[str]) -> float:
    """Return the seconds of dask's threaded scheduler; it has no async tasks, so those wait in threads."""
    graph = {f"n{index}": (plain_of(kind), next(_fresh)) for index, kind in enumerate(kinds)}
    start = perf_counter()
    get_threaded(graph, list(graph), num_workers=max(4, os.cpu_count() or 1))
    return perf_counter() - start


def plain_of(kind: str) -> Plain:
    """Return the plain function of a kind of node."""
    return wait if kind in ("async", "threads") else work


CASES = {
    "20 async nodes": ["async"] * 20,
    "4 nodes that wait in threads": ["threads"] * 4,
    "2 branches of CPU work": ["cpu"] * 2,
    "2 branches of CPU, one of them in the main lane": ["cpu", "main"],
    "10 async beside 2 of CPU work": ["async"] * 10 + ["cpu"] * 2,
}


def main() -> int:
    """Print the table; return 1 when the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        for each in NODES.values():
            session.library.define(each)
        run_nodebook(session, list(NODES))  # threads and loop have started
        print(f"seconds, best of {repeats}; {os.cpu_count()} cores")
        print(f"{'graph':<50}{'one by one':>11}{'plain':>8}{'dask':>8}{'nodebook':>10}{'/ plain':>9}{'/ sum':>7}")
        for name, kinds in CASES.items():
            serial = min(run_serial(kinds) for _ in range(repeats))
            rounds = [(run_plain(kinds), run_dask(kinds), run_nodebook(session, kinds)) for _ in range(repeats)]
            plain, dasks, ours = (min(each) for each in zip(*rounds, strict=True))
            kept &= ours / plain <= PROMISED_RATIO
            ratios = f"{ours / plain:>9.2f}{ours / serial:>7.2f}"
            print(f"{name:<50}{serial:>11.3f}{plain:>8.3f}{dasks:>8.3f}{ours:>10.3f}{ratios}")
        session.close()
    print(f"promise: at most {PROMISED_RATIO:.2f} of the plain way that overlaps: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
