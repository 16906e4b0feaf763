"""The queue's journal: a kernel that is killed, kernels side by side, damage, and disks that refuse."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nodebook as nb
from nodebook import queuelines
from nodebook.errors import DocumentError
from nodebook.queuelines import Unfinished
from nodebook.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0

gate = threading.Event()
entered = threading.Event()


@nb.node(cache=False)
def hold(x: int = 0) -> int:
    entered.set()
    while not gate.wait(0.005):
        nb.progress(0, 1)
    return x


@nb.node
def twice(x: int = 1) -> int:
    return 2 * x


@pytest.fixture(autouse=True)
def opened() -> Iterator[None]:
    gate.clear()
    entered.clear()
    yield
    gate.set()


@pytest.fixture
def start(new_session: Callable[[], Session]) -> Callable[[], Session]:
    """Start a kernel over the test's folder; each call ends the one before it."""

    def begin() -> Session:
        session = new_session()
        session.library.define(hold)
        session.library.define(twice)
        return session

    return begin


def queue_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".nodebook" / "queue").glob("*.jsonl"))


def doubling(name: str | None = None) -> nb.Graph:
    graph = nb.Graph(name)
    graph.add(twice, title="double", x=graph.input("start", 1))
    return graph


KILLED = """
import sys
import nodebook as nb
from tests.api.test_queue_journal import twice

@nb.node
def stuck(x: int = 0) -> int:
    print("stuck", flush=True)
    while True:
        nb.progress(0, 1)
        __import__("time").sleep(0.01)

done = nb.Graph("done")
done.add(twice, title="double", x=done.input("start", 1))
done.run(start=21)
hanging = nb.Graph()
hanging.add(stuck, x=1)
hanging.queue()
while nb.queue.running is None:
    pass
named = done.queue(start=5, priority=1)
first = nb.Graph()
first.add(twice, x=8)
late, early = first.queue(priority=3), first.queue(priority=3)
nb.queue.front(early)
sys.stdin.readline()
nb.queue.flush()
print("flushed", flush=True)
sys.stdin.readline()
"""


def kill_one(folder: Path, after: str = "flushed") -> None:
    """Start a kernel in the folder, and kill it in the middle of a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "stuck\n", process.stderr.read() if process.stderr else ""
        if after == "flushed":
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "flushed\n"
        else:  # by itself, soon
            wait_until(lambda: any('"order"' in path.read_text() for path in journals(folder)))
    finally:
        process.kill()
        process.communicate()


def journals(folder: Path) -> list[Path]:
    return list((folder / ".nodebook" / "queue").glob("*.jsonl"))


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("after", ["flushed", "by itself"])
def test_a_killed_kernel_leaves_its_history_and_what_it_had_not_done(
    tmp_path: Path, start: Callable[[], Session], after: str
) -> None:
    kill_one(tmp_path, after)
    session = start()
    queue = session.queue
    (record,) = queue.history
    assert (record.name, record.outcome, dict(record.inputs)) == ("done", "done", {"start": 21})
    assert record.graph()["double"].id in record.targets
    running, early, named, late = queue.interrupted
    assert (running.was_running, running.name) == (True, None)
    assert (named.name, named.priority, list(named.values.values())) == ("done", 1, [5])
    assert (early.priority, late.priority) == (3, 3)
    assert int(early.id.rpartition(":")[2]) > int(late.id.rpartition(":")[2])  # it was put in front
    assert "4 runs were interrupted" in repr(queue)
    queue.forget([running])
    jobs = queue.resume()
    assert [job.result(WAIT_S).outcome for job in jobs] == ["done"] * 3
    assert jobs[1].store is nb.Graph("done").store  # it is still as it was
    assert nb.Graph("done")["double"].outputs == (10,)
    assert queue.interrupted == ()
    # The third kernel finds everything in one journal.
    third = start()
    assert [each.outcome for each in third.queue.history] == ["done"] * 4
    assert third.queue.interrupted == ()
    assert len(queue_files(tmp_path)) == 1


def test_a_named_graph_that_was_edited_since_is_left_alone_by_resume(
    tmp_path: Path, start: Callable[[], Session]
) -> None:
    kill_one(tmp_path)
    session = start()
    graph = nb.Graph("done")
    graph.add(twice, title="more", x=3)
    named = next(each for each in session.queue.interrupted if each.name == "done")
    (job,) = session.queue.resume([named])
    assert job.store is not graph.store
    (entry,) = job.result(WAIT_S).keys.values()
    found = session.lookup(entry)
    assert found is not None
    assert found.outputs == (10,)
    assert len(session.queue.interrupted) == 3


def test_a_kernel_that_ends_offers_what_waits_to_the_next(start: Callable[[], Session]) -> None:
    first = start()
    graph = nb.Graph()
    graph.add(hold)
    running = graph.queue()
    assert entered.wait(WAIT_S)
    waiting, dropped = doubling().queue(), doubling().queue()
    dropped.cancel()
    second = start()  # closes the first
    assert [job.result(WAIT_S).outcome for job in (running, waiting)] == ["cancelled", "cancelled"]
    assert [each.was_running for each in second.queue.interrupted] == [True, False]
    assert [each.outcome for each in second.queue.history] == ["cancelled"]  # by hand
    assert first.queue.interrupted == ()


def test_nothing_is_written_by_a_session_that_runs_nothing(tmp_path: Path, start: Callable[[], Session]) -> None:
    session = start()
    graph = doubling()
    graph.plan()
    assert (session.queue.history, session.queue.interrupted) == ([], ())
    repr(session.queue)
    session.queue.forget()
    assert session.queue.resume() == []
    session.close()
    assert list(tmp_path.iterdir()) == []


def test_two_kernels_keep_journals_of_their_own(tmp_path: Path, start: Callable[[], Session]) -> None:
    start()
    doubling().run()
    nb.queue.flush()
    other = Session(tmp_path)
    other.library.define(twice)
    try:
        assert other.queue.history == []  # the first is alive
        graph = nb.Graph(own_session=other)
        graph.add(twice)
        graph.run()
        other.queue.flush()
        assert len(queue_files(tmp_path)) == 2
        assert (len(other.queue.history), len(nb.queue.history)) == (1, 1)
    finally:
        other.close()
    assert len(start().queue.history) == 2


def test_the_journal_is_kept_out_of_git(tmp_path: Path, start: Callable[[], Session]) -> None:
    start()
    doubling().run()
    nb.queue.flush()
    assert (tmp_path / ".nodebook" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_equal_documents_are_stored_once(tmp_path: Path, start: Callable[[], Session]) -> None:
    start()
    graph = doubling()
    for _ in range(3):
        graph.run()
    graph.run(start=2)
    nb.queue.flush()
    assert len(list((tmp_path / ".nodebook" / "queue" / "documents").iterdir())) == 2


@pytest.mark.parametrize(
    ("damage", "kept", "told"),
    [
        (lambda data: data[:-10], 1, 0),
        (lambda data: data.replace(b'"outcome"', b'"outc', 1), 1, 1),
        (lambda data: data + b"[1, 2]\n", 2, 1),
        (lambda data: data + b"\x00\xff\n", 2, 1),
        (lambda _data: b"", 0, 0),
    ],
    ids=["torn", "broken", "not an object", "not text", "empty"],
)
def test_a_damaged_journal_gives_what_can_be_read(
    tmp_path: Path,
    start: Callable[[], Session],
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
    kept: int,
    told: int,
) -> None:
    start()
    graph = doubling()
    graph.run(start=1)
    graph.run(start=2)
    nb.session().close()
    (path,) = journals(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING):
        session = start()
        assert len(session.queue.history) == kept
        assert len(session.queue.history) == kept
    assert caplog.text.count("could not be read") == told


def test_a_record_whose_members_are_wrong_is_left_out(
    tmp_path: Path, start: Callable[[], Session], caplog: pytest.LogCaptureFixture
) -> None:
    start()
    doubling().run()
    nb.session().close()
    (path,) = journals(tmp_path)
    path.write_bytes(path.read_bytes() + queuelines.line({"finished": "x:1", "times": "never"}))
    assert len(start().queue.history) == 1
    assert "cannot be read and is left out: x:1" in caplog.text


def test_a_disk_that_refuses_breaks_no_run_and_is_told_once(
    start: Callable[[], Session], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = start()
    graph = doubling()

    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("nodebook.queuejournal.write_atomic", full)
        for value in range(3):
            assert graph.run(start=value).outcome == "done"
            assert not session.queue.flush()
    assert caplog.text.count("No space left on device") == 1
    assert len(session.queue.history) == 3
    assert session.queue.flush()  # what could not be written was kept
    assert len(start().queue.history) == 3


def test_an_append_that_fails_half_way_is_repeated_whole(
    tmp_path: Path, start: Callable[[], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start()
    graph = doubling()
    graph.run(start=1)
    session.queue.flush()
    graph.run(start=2)
    write = os.write

    def half(handle: int, data: Any) -> int:
        if len(data) < 40:
            raise OSError(28, "No space left on device")
        return write(handle, bytes(data)[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        assert not session.queue.flush()
    assert session.queue.flush()
    (path,) = journals(tmp_path)
    lines = [json.loads(each) for each in path.read_text().splitlines()]
    assert sum("finished" in each for each in lines) == 2
    assert len(start().queue.history) == 2


def test_a_value_that_is_not_json_is_told_and_the_run_goes_on(
    start: Callable[[], Session], caplog: pytest.LogCaptureFixture
) -> None:
    session = start()
    graph = doubling()
    run = graph.run(start=object())
    assert run.outcome == "failed"
    session.queue.flush()
    assert "cannot be kept" in caplog.text
    assert len(session.queue.history) == 1
    graph.run()
    assert len(start().queue.history) == 1


def test_a_cleared_history_is_cleared_for_the_next_kernel_too(start: Callable[[], Session]) -> None:
    start()
    doubling().run()
    start().queue.clear_history()
    doubling().run(start=4)
    assert [dict(each.inputs) for each in start().queue.history] == [{"start": 4}]


def test_a_document_that_is_gone_is_said_by_name(tmp_path: Path, start: Callable[[], Session]) -> None:
    start()
    doubling().run()
    (record,) = start().queue.history
    (path,) = (tmp_path / ".nodebook" / "queue" / "documents").iterdir()
    path.write_bytes(b"no gzip")
    with pytest.raises(DocumentError, match="The graph of this run cannot be read"):
        record.graph()


def test_a_large_journal_is_compacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodebook.queuejournal.COMPACT_BYTES", 4_000)
    for _ in range(2):
        session = Session(tmp_path, history_records=5)
        session.library.define(twice)
        graph = nb.Graph(own_session=session)
        graph.add(twice, title="double", x=graph.input("start", 1))
        for value in range(20):
            graph.queue(start=value).result(WAIT_S)
            session.queue.flush()
            (path,) = journals(tmp_path)
            assert path.stat().st_size < 10_000
        assert [record.inputs["start"] for record in session.queue.history] == [15, 16, 17, 18, 19]
        session.close()


def test_documents_that_nothing_names_are_swept_when_they_are_old(tmp_path: Path, start: Callable[[], Session]) -> None:
    start()
    doubling().run()
    nb.session().close()
    documents = tmp_path / ".nodebook" / "queue" / "documents"
    (kept,) = documents.iterdir()
    old, new = documents / "a1.json.gz", documents / "b2.json.gz"
    for path in (old, new):
        path.write_bytes(b"")
    for path in (old, kept):
        os.utime(path, (1, 1))
    start()
    doubling().run(start=9)
    nb.queue.flush()
    assert old.exists() is False
    assert kept.exists()
    assert new.exists()


# Lines


def unfinished(job: str, **members: Any) -> Unfinished:
    return Unfinished(job, None, None, ("1",), {("2", "value"): float("inf")}, 0.0, 1.5, **members)


def data_of(*lines: dict[str, Any]) -> bytes:
    return queuelines.header() + b"".join(map(queuelines.line, lines))


def test_lines_come_back_as_they_were() -> None:
    job = unfinished("k:1")
    folded = queuelines.fold(data_of(queuelines.unfinished_to_json(job)))
    assert folded.unfinished == {"k:1": job}
    assert queuelines.fold(queuelines.whole(folded, 10)).unfinished == {"k:1": job}


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ([], ["1", "2", "3"]),
        ([{"order": ["3", "1", "2"]}], ["3", "1", "2"]),
        ([{"started": "1"}, {"order": ["3", "2"]}], ["1", "3", "2"]),
        ([{"order": ["3", "2", "9"]}], ["3", "2", "1"]),
        ([{"dropped": ["2", "7"]}], ["1", "3"]),
        ([{"finished": "1", "times": [0, 0, 5]}], ["2", "3"]),
        ([{"started": "8"}], ["1", "2", "3"]),
        ([{"queue": 99}, {"else": 1}], ["1", "2", "3"]),
    ],
)
def test_what_lines_come_to(lines: list[dict[str, Any]], left: list[str]) -> None:
    submitted = [queuelines.unfinished_to_json(unfinished(job)) for job in "123"]
    folded = queuelines.fold(data_of(*submitted, *lines))
    assert list(folded.unfinished) == left
    assert folded.damaged == sum("else" in line or line.get("queue") == 99 for line in lines)


def test_a_run_that_ended_before_its_submission_was_read_is_not_unfinished() -> None:
    lines = [{"finished": "1", "times": [0, 0, 5]}, queuelines.unfinished_to_json(unfinished("1"))]
    assert queuelines.fold(data_of(*lines)).unfinished == {}


def test_only_the_newest_records_are_kept_when_a_journal_is_rewritten() -> None:
    lines = [{"finished": str(number), "times": [0, 0, -number]} for number in range(5)]
    kept = queuelines.fold(queuelines.whole(queuelines.fold(data_of(*lines)), 2)).records
    assert list(kept) == ["1", "0"]
