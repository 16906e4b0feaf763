"""Pictures that Save Image wrote: their lock, and whether their graph still makes them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodebook.assets.errors import NoGraphError, PictureError
from nodebook.assets.pictures import LOCK_CHUNK, read_frames, read_graph, read_texts
from nodebook.engine import document
from nodebook.errors import DocumentError
from nodebook.notebook.errors import LockError, NoLockError
from nodebook.notebook.lock.check import Difference
from nodebook.notebook.lock.content import pixels_digest
from nodebook.notebook.lock.format import Lock
from nodebook.notebook.lock.likeness import compare, sight_of
from nodebook.notebook.verifying.report import Compared, GraphReport, Report
from nodebook.notebook.verifying.rerun import Question, run_again


def read_lock(path: str | os.PathLike[str]) -> Lock:
    """Return what a picture was made with: models, sources, packages, seeds, device. It says nothing of results.

    Raises ``NoLockError`` for a picture that carries none, and ``LockError`` for one that cannot be read.
    """
    path = Path(path)
    try:
        text = read_texts(path).get(LOCK_CHUNK)
    except PictureError as error:
        raise NoLockError(str(error)) from error
    if text is None:
        raise NoLockError(
            f"The picture {path.name} carries no lock. Pictures that Save Image wrote have one, as the PNG file that "
            "was saved; other programs drop it."
        )
    try:
        return Lock.from_json(json.loads(text))
    except ValueError as error:
        if isinstance(error, LockError):
            raise
        raise LockError(f"The lock in {path.name} is not JSON ({error}): the file was damaged.") from error


def verify_picture(path: Path, *, tolerance: float, timeout_s: float) -> Report:
    """Run the graph that a picture carries again, in a fresh process, and compare what it saves with the picture."""
    lock = read_lock(path)
    try:
        state = document.loads(read_graph(path))
    except (NoGraphError, DocumentError, PictureError) as error:
        raise NoLockError(f"{path.name} has a lock and no graph that can be read: {error}") from error
    modules = tuple(dict.fromkeys(each.module for each in lock.types.values() if each.module != "__main__"))
    question = Question(lock.to_json(), document.to_json(state), alone=True, modules=modules)
    folder = path.absolute().parent
    folder = folder.parent if folder.name == "output" else folder  # where the notebook is, and its input folder
    done = run_again([], [question], folder=folder, threads=lock.environment.get("threads"), timeout_s=timeout_s)
    report = _report(path, done.answers[0], tolerance)
    return Report(path.name, "a fresh process", (report,), (), tolerance, done.seconds)


def _report(path: Path, answer: Mapping[str, Any], tolerance: float) -> GraphReport:
    picture = read_frames(path)[0]
    differences = tuple(Difference(**each) for each in answer["differences"])
    shows, sight = f"picture {picture.width} x {picture.height} {picture.mode}", sight_of(picture)
    saved = [(place, *each) for place, held in answer["saved"].items() for each in held]
    errors = tuple(answer["errors"].values())
    if not saved:
        nothing = Compared("", path.name, "picture", "missing", True, shows, "nothing", why=" ".join(errors))
        return GraphReport("graph", "missing", (nothing,), differences, errors)
    same = next((place for place, digest, _ in saved if digest == pixels_digest(picture)), None)
    if same is not None:
        node, _, output = same.rpartition(".")
        found = Compared(node, path.name, output, "identical", True, shows, shows, 0.0)
        return GraphReport("graph", "identical", (found,), differences)
    distances = {place: compare(sight, other) for place, _, other in saved}
    near = min(distances, key=lambda each: float("inf") if distances[each] is None else distances[each] or 0.0)
    far = distances[near]
    node, _, output = near.rpartition(".")
    verdict = "close" if far is not None and far <= tolerance else "different"
    why = "" if far is not None else "pictures of another size"
    now = tuple(answer["pictures"].get(near, ()))[:1]
    compared = Compared(node, path.name, output, verdict, True, shows, shows, far, why, (sight,), now)  # type: ignore[arg-type]  # two of the verdicts
    return GraphReport("graph", compared.verdict, (compared,), differences, errors)
