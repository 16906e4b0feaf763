"""What the fresh process does that runs a notebook again: it notes the graphs, and answers what became of them.

The questions and answers are JSON files in the scratch folder, so that whatever cells print is in nobody's way.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodebook.engine.document import from_json
from nodebook.notebook.lock.check import differences_between, differences_here
from nodebook.notebook.lock.content import MOST_PICTURES, pictures_of, pixels_digest
from nodebook.notebook.lock.likeness import sight_of
from nodebook.notebook.lock.making import Lock, lock_of
from nodebook.notebook.verifying import shown
from nodebook.runs import Run
from nodebook.sessions import Session, session

if TYPE_CHECKING:
    from nodebook.graph import Graph

THUMBNAIL_PX = 256


def begin() -> None:
    """Prepare this process: called before the first cell runs."""
    shown.watch()


def answer(questions: str, answers: str) -> None:
    """Read the questions of one file, and write what became of each graph into another."""
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    found = [_answer(each, float(asked["timeout_s"])) for each in asked["graphs"]]
    Path(answers).write_text(json.dumps(found), encoding="utf-8")


def _answer(asked: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    locked = Lock.from_json(asked["lock"])
    for module in asked["modules"]:
        importlib.import_module(module)
    alone = bool(asked["alone"])
    graph = _graph_of_document(asked["document"]) if alone else _find_graph(asked)
    if graph is None:
        here = differences_here(locked, session())
        return {"found": False, "differences": [each.to_json() for each in here]}
    return what_became(graph, locked, session(), timeout_s=timeout_s, alone=alone)


def _graph_of_document(data: Any) -> Graph:
    from nodebook.graph import Graph

    return Graph.of_state(from_json(data))


def _find_graph(asked: Mapping[str, Any]) -> Graph | None:
    """Return the graph that a stored one was: by its name, or else by its place among those that its cell has shown."""
    from nodebook.graph import Graph

    name = asked["name"]
    if name is not None:
        named = next((each.graph for each in shown.shown() if each.graph.name == name), None)
        return named or (Graph(name) if session().has_named(name) else None)
    unnamed = [each.graph for each in shown.shown() if each.graph.name is None and each.cell == asked["cell"]]
    return unnamed[asked["ordinal"]] if asked["ordinal"] < len(unnamed) else None


def what_became(graph: Graph, locked: Lock, own: Session, *, timeout_s: float, alone: bool = False) -> dict[str, Any]:
    """Return a graph's lock as it is now, what differs from the one given, and pictures. Runs it where no cell did.

    ``alone``: it is the graph that ran, with its values and seeds, so there is nothing to compare of these.
    """
    run = _last_run(graph, locked, own, timeout_s)
    lock = lock_of(graph)
    differences = [*differences_here(locked, own), *([] if alone else differences_between(locked, lock))]
    errors = {} if run is None else {node: str(error) for node, error in run.errors.items()}
    return {
        "found": True,
        "lock": lock.to_json(),
        "differences": [each.to_json() for each in differences],
        "errors": errors,
        **_pictures(graph, lock),
    }


def _last_run(graph: Graph, locked: Lock, own: Session, timeout_s: float) -> Run | None:
    """Return the run that finished last, once none goes on; the graph is run where no cell ran it."""
    until = time.monotonic() + timeout_s
    while own.worker.running or own.worker.waiting:
        if time.monotonic() > until:
            return None
        time.sleep(0.02)
    if graph.store.last_run is None:
        targets = [each for each in locked.targets if each in graph.store.flat.nodes]
        job = own.submit(graph.store, targets or None)
        try:
            return job.future.result(max(0.0, until - time.monotonic()))
        except (TimeoutError, CancelledError):
            job.cancel()
            return None
    last: Run = graph.store.last_run
    return last


def _pictures(graph: Graph, lock: Lock) -> dict[str, Any]:
    """Return of the pictures that the targets gave, by node and output: small PNG files in base64; digest and sight."""
    found: dict[str, list[str]] = {}
    saved: dict[str, list[tuple[str, str]]] = {}
    for node in lock.targets:
        entry = graph.store.results.get(node)
        node_type = graph.store.library.find(lock.nodes[node].type) if node in lock.nodes else None
        if entry is None or node_type is None:
            continue
        values = {spec.name: value for spec, value in zip(node_type.outputs, entry.outputs, strict=False)}
        values = {**entry.payload, **values}
        for output, result in lock.nodes[node].results.items():
            if result.pictures:
                pictures = pictures_of(values[output])
                found[f"{node}.{output}"] = [_png(each) for each in pictures[:MOST_PICTURES]]
                saved[f"{node}.{output}"] = [(pixels_digest(each), sight_of(each)) for each in pictures]
    return {"pictures": found, "saved": saved}


def _png(picture: Any) -> str:
    small = picture.copy()
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    file = io.BytesIO()
    small.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
