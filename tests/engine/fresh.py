"""Runs documents from scratch in a process of its own: a line of JSON in, what its targets gave out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nodebook.engine import document
from nodebook.engine.store import GraphStore
from tests.engine.reference import NODES
from tests.engine.support import Laboratory

ROOT = Path(__file__).resolve().parents[2]


def outcome(lab: Laboratory, run: Any) -> dict[str, Any]:
    """What a run gave, as JSON."""
    return {
        "values": {node: repr(lab.store.results[node].outputs) for node in run.targets if node in lab.store.results},
        "errors": {node: each.message for node, each in run.errors.items()},
        "skipped": sorted(run.skipped),
    }


def serve() -> None:
    """Answer each document on standard input."""
    for line in sys.stdin:
        lab = Laboratory(*NODES)
        lab.store = GraphStore(lab.library, document.loads(json.loads(line)))
        print(json.dumps(outcome(lab, lab.run())), flush=True)  # noqa: T201 -- the answer


class FreshProcess:
    """The other end: asks a process that has seen none of the edits."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.fresh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, text: str) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(text) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate(timeout=20)


if __name__ == "__main__":
    serve()
