from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from nodebook.engine import files, graphfile
from nodebook.engine.document import dumps, loads
from nodebook.engine.edits import AddNode, Edit, SetTitle, SetValue, apply_all
from nodebook.engine.files import MAX_NAME_BYTES, check_name, sweep_temporaries, write_atomic
from nodebook.engine.graph import GraphState
from nodebook.engine.graphfile import GraphFile, Restored
from nodebook.engine.journal import parse
from nodebook.errors import DocumentError, NewerDocumentError

NEVER_S = 1000.0


class Editor:
    """A graph that is edited and kept, as the session does it."""

    def __init__(self, folder: Path, *, debounce_s: float = NEVER_S, restore: bool = True) -> None:
        self.notices: list[str] = []
        self.file = GraphFile.open(folder, "portrait", debounce_s=debounce_s, on_notice=self.notices.append)
        self.restored: Restored | None = self.file.restore() if restore else None
        self.state = self.restored.state if self.restored else GraphState(name="portrait")

    def edit(self, *edits: Edit, label: str = "Edit") -> None:
        self.state, batch = apply_all(self.state, edits, label)
        self.file.record(label, batch.edits, self.state)

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.edit(AddNode(str(number), {"type": "A", "values": {"n": number}}), label=f"Add {number}")


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Callable[..., Editor]]:
    made: list[Editor] = []

    def make(folder: Path = tmp_path, **options: Any) -> Editor:
        made.append(Editor(folder, **options))
        return made[-1]

    yield make
    for each in made:
        each.file.close()


def crashed(folder: Path, into: str = "after") -> Path:
    """What a kill of the kernel leaves at this moment: the files as they are, in a folder that nobody has locked."""
    target = folder.parent / f"{folder.name}-{into}-{time.monotonic_ns()}"
    shutil.copytree(folder, target, copy_function=_copy_if_there)
    return target


def _copy_if_there(source: str, target: str) -> None:
    """Copy a file, unless a thread that goes on has renamed it since the folder was listed."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def look(folder: Path) -> Restored:
    """Restore a copy, so that the folder stays as it is."""
    file = GraphFile.open(crashed(folder, "look"), "portrait", debounce_s=NEVER_S)
    restored = file.restore()
    file.close()
    return restored


def names(folder: Path, part: str) -> list[str]:
    return sorted(path.name for path in [*folder.iterdir(), *(folder / ".nodebook").glob("*")] if part in path.name)


def document(folder: Path) -> GraphState:
    return loads((folder / "portrait.nodebook.json").read_text(encoding="utf-8"))


def journal(folder: Path) -> Path:
    return folder / ".nodebook" / "portrait.journal.jsonl"


# The ordinary course


def test_opening_writes_nothing(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    new = editor()
    assert new.restored == Restored(GraphState(name="portrait"), "new", ())
    new.file.close()
    assert list(tmp_path.iterdir()) == []


def test_edits_come_back_before_and_after_a_save(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor()
    mine.add(1, 2)
    before = look(tmp_path)
    assert (before.source, before.notices, dumps(before.state)) == ("document+journal", (), dumps(mine.state))
    assert mine.file.flush()
    after = look(tmp_path)
    assert (after.source, after.notices, dumps(after.state)) == ("document", (), dumps(mine.state))
    mine.add(3)
    again = look(tmp_path)
    assert (again.source, dumps(again.state)) == ("document+journal", dumps(mine.state))
    assert len(parse(journal(tmp_path).read_bytes()).lines) == 1  # type: ignore[union-attr]  # it has a header
    assert (tmp_path / ".nodebook" / ".gitignore").read_text().endswith("*\n")
    assert mine.notices == []


def test_a_save_comes_by_itself_once_for_many_edits(
    tmp_path: Path, editor: Callable[..., Editor], monkeypatch: pytest.MonkeyPatch
) -> None:
    saves: list[float] = []

    def counting(state: GraphState) -> str:
        saves.append(time.monotonic())
        return dumps(state)

    monkeypatch.setattr(graphfile, "dumps", counting)
    mine = editor(debounce_s=0.1)
    began = time.monotonic()
    mine.add(*range(1, 30))
    ended = time.monotonic()
    while not saves or mine.file._thread is not None:
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    assert len(saves) <= 1 + (ended - began) / 0.1
    assert saves[0] >= began + 0.1
    assert dumps(document(tmp_path)) == dumps(mine.state)


def test_a_save_comes_even_while_edits_never_pause(
    tmp_path: Path, editor: Callable[..., Editor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphfile, "LONGEST_WAIT_S", 0.15)
    mine = editor(debounce_s=0.1)
    began, number = time.monotonic(), 0
    while not (tmp_path / "portrait.nodebook.json").exists():
        assert time.monotonic() - began < 10
        number += 1
        mine.add(number)
        time.sleep(0.01)


def test_saving_keeps_the_permissions_and_follows_a_link(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    real = tmp_path / "elsewhere.json"
    real.write_text(dumps(GraphState(name="portrait")))
    real.chmod(0o640)
    (tmp_path / "portrait.nodebook.json").symlink_to(real)
    mine = editor()
    mine.add(1)
    assert mine.file.flush()
    assert (tmp_path / "portrait.nodebook.json").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "1" in loads(real.read_text()).nodes


def test_an_edit_and_its_undo_leave_the_document_alone(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor()
    mine.add(1)
    mine.file.flush()
    inode = (tmp_path / "portrait.nodebook.json").stat().st_ino
    mine.edit(SetTitle("1", "x"))
    mine.edit(SetTitle("1", None))
    assert mine.file.flush()
    assert (tmp_path / "portrait.nodebook.json").stat().st_ino == inode
    assert look(tmp_path).source == "document"


def test_a_state_that_no_edit_made_is_saved_at_once(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor()
    mine.add(1)
    other, _ = apply_all(GraphState(name="portrait"), [AddNode("9", {"type": "B"})])
    mine.file.put(other)
    assert dumps(document(tmp_path)) == dumps(other)
    mine.state = other
    mine.add(10)
    assert dumps(look(tmp_path).state) == dumps(mine.state)


def test_after_close_edits_stay_in_memory_and_say_so(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor()
    mine.add(1)
    mine.file.close()
    mine.add(2)
    mine.add(3)
    assert [text for text in mine.notices if "was closed" in text] == mine.notices
    assert len(mine.notices) == 1
    assert document(tmp_path).ordered_ids() == ["1"]


def test_many_threads_lose_nothing(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor(debounce_s=0.002)
    lock = Lock()

    def work(first: int) -> None:
        for number in range(first, first + 50):
            with lock:
                mine.add(number)

    threads = [Thread(target=work, args=(first,)) for first in (1, 101, 201, 301)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        copy = crashed(tmp_path) if journal(tmp_path).exists() else None
        mine.file.flush()
        assert copy is None or look(copy).source
    for thread in threads:
        thread.join()
    assert len(look(tmp_path).state.nodes) == 200
    assert mine.notices == []


def test_a_listener_that_fails_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_text: str) -> None:
        raise RuntimeError("listener")

    file = GraphFile.open(tmp_path / "absent", "portrait", debounce_s=NEVER_S, on_notice=fail)
    file.restore()
    file.record("Edit", [], GraphState())
    assert "A listener failed" in caplog.text
    file.close()


# Crashes


class Crash(BaseException):
    """Stands for a kill: no handler of the code under test may see it."""


STEPS = ["os.replace", "os.fsync", "os.write", "os.ftruncate", "os.open"]


def crash_at(
    monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException, *, keeps_failing: bool = False
) -> list[str]:
    """Let the nth call of the steps that change files fail (before it does anything)."""
    calls: list[str] = []
    for step in STEPS:
        real = getattr(os, step[3:])

        def stop(*args: Any, real: Any = real, step: str = step, **options: Any) -> Any:
            calls.append(step)
            if len(calls) == nth or (keeps_failing and len(calls) > nth):
                raise error
            return real(*args, **options)

        monkeypatch.setattr(os, step[3:], stop)
    return calls


@pytest.mark.parametrize("error", [Crash(), OSError(28, "No space left on device")], ids=["kill", "disk full"])
@pytest.mark.parametrize("first_saved", [False, True], ids=["new", "saved before"])
def test_no_step_of_a_save_can_lose_an_edit(
    tmp_path: Path,
    first_saved: bool,  # noqa: FBT001 -- a parameter of the table
    error: BaseException,
) -> None:
    for nth in range(1, 40):
        folder = tmp_path / str(nth)
        folder.mkdir()
        mine = Editor(folder)
        mine.add(1, 2)
        if first_saved:
            mine.file.flush()
        mine.add(3)
        acknowledged = 3
        with pytest.MonkeyPatch.context() as patch:
            calls = crash_at(patch, nth, error)
            try:
                mine.file.flush()
                mine.add(4)
                acknowledged = 4 if not mine.notices else 3
                mine.file.flush()
                acknowledged = 4
            except Crash:
                pass
        found = look(folder)
        assert set(found.state.nodes) >= {str(n) for n in range(1, acknowledged + 1)}, (nth, calls)
        assert found.notices == (), (nth, calls)
        with pytest.MonkeyPatch.context() as patch:  # and a second crash, in the restore and save that follow the first
            crash_at(patch, 3, Crash())
            second = crashed(folder, "second")
            again = GraphFile.open(second, "portrait", debounce_s=NEVER_S)
            try:
                again.restore()
                again.flush()
            except Crash:
                pass
        assert dumps(look(second).state) == dumps(found.state)
        if len(calls) < nth:
            break
        mine.file._journal = None
    else:
        pytest.fail("never came to the end")


WRITER = """
import os, sys
from pathlib import Path
from nodebook.engine.edits import AddNode, SetValue, apply_all
from nodebook.engine.graphfile import GraphFile

for line in sys.stdin:  # one forked writer a line, so that the imports are paid once
    child = os.fork()
    if child:
        print(child, flush=True)
        os.waitpid(child, 0)
        continue
    folder = Path(line.strip())
    file = GraphFile.open(folder, "portrait", debounce_s=0.002)
    state = file.restore().state
    acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        new = state.next_id()
        add = AddNode(new, {"type": "A", "values": {"text": "x" * 200}})
        state, batch = apply_all(state, [add, SetValue(new, "n", int(new))])
        file.record("Add", batch.edits, state)
        os.write(acknowledged, f"{new}\\n".encode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs kill -9 and fork")
def test_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    folder.mkdir()
    acknowledged = folder / "acknowledged"
    acknowledged.write_text("")
    last = 0
    chance = random.Random(7)  # noqa: S311 -- moments, not secrets
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as server:  # fmt: skip
        assert server.stdin
        assert server.stdout
        for _ in range(20):
            before = acknowledged.stat().st_size
            server.stdin.write(f"{folder}\n")
            server.stdin.flush()
            writer = int(server.stdout.readline())
            deadline = time.monotonic() + 20
            while acknowledged.stat().st_size == before:
                assert time.monotonic() < deadline, "the writer does not write"
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.08))
            os.kill(writer, signal.SIGKILL)
            time.sleep(0.005)
            last = int(acknowledged.read_text().split()[-1])
            found = look(folder)
            assert [text for text in found.notices if "cut off" not in text] == []
            ids = [int(node_id) for node_id in found.state.ordered_ids()]
            assert ids == list(range(1, len(ids) + 1))
            assert len(ids) in (last, last + 1)
            assert all(node.values["n"] == int(node_id) for node_id, node in found.state.nodes.items())
        server.stdin.close()
    assert last > 200
    assert names(folder, "orphan") == names(folder, "broken") == names(folder, "conflict") == []


def test_a_torn_line_is_ignored_and_cut(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = editor()
    mine.add(1, 2)
    left = crashed(tmp_path)
    with journal(left).open("ab") as file:
        file.write(b'{"n": 3, "label": "Ad')
    again = editor(left)
    assert again.restored is not None
    assert "cut off in the middle" in again.restored.notices[0]
    assert dumps(again.state) == dumps(mine.state)
    again.add(3)
    assert look(left).state.ordered_ids() == ["1", "2", "3"]
    assert look(left).notices == ()


# Files that others changed


def saved(editor: Callable[..., Editor], *unsaved: int) -> Editor:
    mine = editor()
    mine.add(1, 2)
    mine.file.flush()
    mine.add(*unsaved)
    return mine


def foreign(folder: Path, node_id: str = "77") -> str:
    text = dumps(apply_all(GraphState(name="portrait"), [AddNode(node_id, {"type": "Foreign"})])[0])
    (folder / "portrait.nodebook.json").write_text(text)
    return text


def test_a_document_changed_between_sessions_wins_silently_if_all_was_saved(
    tmp_path: Path, editor: Callable[..., Editor]
) -> None:
    saved(editor)
    left = crashed(tmp_path)
    text = foreign(left)
    again = editor(left)
    assert again.restored == Restored(again.state, "document", ())
    assert dumps(again.state) == text
    again.add(78)
    assert look(left).state.ordered_ids() == ["77", "78"]


@pytest.mark.parametrize("change", ["changed", "removed"])
def test_a_document_changed_between_sessions_wins_and_unsaved_edits_are_kept(
    tmp_path: Path, editor: Callable[..., Editor], change: str
) -> None:
    mine = saved(editor, 3)
    left = crashed(tmp_path)
    if change == "changed":
        foreign(left)
    else:
        (left / "portrait.nodebook.json").unlink()
    again = editor(left)
    assert again.restored is not None
    assert again.restored.source == ("document" if change == "changed" else "new")
    assert again.state.ordered_ids() == (["77"] if change == "changed" else [])
    assert f"was {change} outside this notebook" in again.restored.notices[0]
    (conflict,) = names(left, ".conflict-")
    assert conflict in again.restored.notices[1]
    assert dumps(loads((left / conflict).read_text())) == dumps(mine.state)
    assert len(names(left, ".orphan.jsonl")) == 1
    again.add(80)
    assert look(left).notices == ()


def test_without_our_copy_the_journal_alone_is_set_aside(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    left = crashed(tmp_path)
    foreign(left)
    (left / ".nodebook" / "portrait.saved.json").unlink()
    again = editor(left)
    assert again.restored is not None
    assert "the edits are in the journal, which was set aside" in again.restored.notices[0]
    assert names(left, ".conflict-") == []
    assert len(names(left, ".orphan.jsonl")) == 1


def test_a_document_changed_while_open_is_left_alone(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = saved(editor)
    text = foreign(tmp_path)
    mine.add(3)
    assert mine.file.flush()
    mine.add(4)
    assert mine.file.flush()
    assert (tmp_path / "portrait.nodebook.json").read_text() == text
    (conflict,) = names(tmp_path, ".conflict-")
    assert dumps(loads((tmp_path / conflict).read_text())) == dumps(mine.state)
    assert len(mine.notices) == 1
    assert "Compare the two, then keep one" in mine.notices[0]
    found = look(tmp_path)
    assert (found.source, found.notices, dumps(found.state)) == ("document", (), text)


BROKEN = {"empty": b"", "cut off": b'{"nodebook": 1, "nodes', "not UTF-8": b"\xff\xfe", "a shape": b'{"nodebook": []}'}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("unsaved", [(), (3,)], ids=["all saved", "one unsaved"])
def test_a_broken_document_is_restored_from_our_own_copy(
    tmp_path: Path, editor: Callable[..., Editor], content: bytes, unsaved: tuple[int, ...]
) -> None:
    mine = saved(editor, *unsaved)
    left = crashed(tmp_path)
    (left / "portrait.nodebook.json").write_bytes(content)
    again = editor(left)
    assert again.restored is not None
    assert again.restored.source == "document+journal"
    assert "cannot be read, and was set aside" in again.restored.notices[0]
    assert dumps(again.state) == dumps(mine.state) == dumps(document(left))
    (broken,) = names(left, ".broken-")
    assert (left / broken).read_bytes() == content
    assert (look(left).source, look(left).notices) == ("document", ())


def test_a_broken_document_with_nothing_else_begins_empty(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    (tmp_path / "portrait.nodebook.json").write_text('{"nodes": [], "links": []}')
    mine = editor()
    assert mine.restored is not None
    assert mine.restored.source == "new"
    assert "This is a ComfyUI workflow" in mine.restored.notices[0]
    assert len(names(tmp_path, ".broken-")) == 1
    mine.add(1)
    assert mine.file.flush()
    assert look(tmp_path).state.ordered_ids() == ["1"]


def test_a_broken_document_and_a_journal_that_fits_nothing(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    for copy in ("gone", "other", "broken"):
        left = crashed(tmp_path)
        ours = left / ".nodebook" / "portrait.saved.json"
        if copy == "gone":
            ours.unlink()
        else:
            ours.write_text(dumps(GraphState(name="copy")) if copy == "other" else "{")
        (left / "portrait.nodebook.json").write_text("{")
        again = editor(left)
        assert again.restored is not None
        assert again.restored.source == ("document+journal" if copy == "other" else "new")
        assert len(names(left, ".orphan.jsonl")) == 1
        assert len(names(left, ".broken-")) == 1


def test_edits_before_the_first_save_outlive_a_broken_document(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    editor().add(1)
    left = crashed(tmp_path)
    (left / "portrait.nodebook.json").write_text("{")
    assert editor(left).state.ordered_ids() == ["1"]


JOURNALS: dict[str, tuple[Callable[[bytes], bytes], str, list[str]]] = {
    "no header": (lambda _: b"what\nis this\n", "could not be read and was set aside", ["1", "2"]),
    "a header of another kind": (lambda _: b'{"journal": "1"}\n', "could not be read", ["1", "2"]),
    "damage in the middle": (lambda data: data.replace(b'{"n": 4', b'{"n" 4'), "is damaged after its", ["1", "2", "3"]),
    "a batch that does not fit": (
        lambda data: data.replace(b'"add_node", "id": "4"', b'"remove_node", "id": "x"'),
        "'Add 4' .edit 4. could not be repeated",
        ["1", "2", "3"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "message", "ids"), JOURNALS.values(), ids=JOURNALS.keys())
def test_a_damaged_journal_gives_what_it_can(
    tmp_path: Path, editor: Callable[..., Editor], damage: Callable[[bytes], bytes], message: str, ids: list[str]
) -> None:
    saved(editor, 3, 4, 5)
    left = crashed(tmp_path)
    damaged = damage(journal(left).read_bytes())
    journal(left).write_bytes(damaged)
    again = editor(left)
    assert again.restored is not None
    assert again.state.ordered_ids() == ids
    (orphan,) = names(left, ".orphan.jsonl")
    assert (left / ".nodebook" / orphan).read_bytes() == damaged
    assert re.search(message, again.restored.notices[0])
    again.add(9)
    assert look(left).state.ordered_ids() == [*ids, "9"]
    assert look(left).notices == ()


def test_a_journal_that_may_not_be_read_is_set_aside(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    for broken in (False, True):
        left = crashed(tmp_path)
        journal(left).unlink()
        journal(left).mkdir()
        if broken:
            (left / "portrait.nodebook.json").write_text("{")
        again = editor(left)
        assert again.state.ordered_ids() == ["1", "2"]
        again.add(9)
        assert again.file.flush()
        assert document(left).ordered_ids() == ["1", "2", "9"]


def test_an_empty_journal_is_none(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor)
    left = crashed(tmp_path)
    journal(left).write_bytes(b"")
    assert (look(left).source, look(left).notices) == ("document", ())


@pytest.mark.parametrize("which", ["document", "journal"])
def test_files_of_a_newer_nodebook_stay_untouched(tmp_path: Path, editor: Callable[..., Editor], which: str) -> None:
    saved(editor, 3)
    left = crashed(tmp_path)
    path = left / "portrait.nodebook.json" if which == "document" else journal(left)
    path.write_text(path.read_text().replace('"nodebook": 1', '"nodebook": 2').replace('"journal": 1', '"journal": 2'))
    before = {name: name.read_bytes() for name in left.rglob("*.json*")}
    with pytest.raises(NewerDocumentError, match="written by a newer nodebook"):
        GraphFile.open(left, "portrait").restore()
    assert {name: name.read_bytes() for name in left.rglob("*.json*")} == before


def test_a_document_that_cannot_be_read_is_an_error_and_left(tmp_path: Path) -> None:
    (tmp_path / "portrait.nodebook.json").mkdir()
    with pytest.raises(DocumentError, match=r"Cannot read .*Is a directory.*give the graph another name"):
        GraphFile.open(tmp_path, "portrait").restore()


def test_leftovers_of_a_killed_writer_are_swept(tmp_path: Path) -> None:
    path = tmp_path / "portrait.nodebook.json"
    old, young, other = (tmp_path / f".{name}.9-9.tmp" for name in (path.name, f"{path.name}.x", "else"))
    for leftover in (old, young, other):
        leftover.touch()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    sweep_temporaries(path)
    assert [leftover.exists() for leftover in (old, young, other)] == [False, True, True]


# Two kernels


def test_a_second_kernel_sees_everything_and_overwrites_nothing(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    first = saved(editor, 3)
    second = editor()
    assert second.restored is not None
    assert "open in another kernel too" in second.restored.notices[0]
    assert second.state.ordered_ids() == ["1", "2", "3"]
    second.add(50)
    assert second.file.flush()
    first.add(4)
    assert first.file.flush()
    assert document(tmp_path).ordered_ids() == ["1", "2", "3", "50"]
    (conflict,) = names(tmp_path, ".conflict-")
    assert loads((tmp_path / conflict).read_text()).ordered_ids() == ["1", "2", "3", "4"]
    assert len(first.notices) == 1
    first.file.close()
    second.add(51)
    assert second.file.flush()  # the lock is free: the journal is the second's from now on
    second.add(52)
    assert look(tmp_path).state.ordered_ids() == ["1", "2", "3", "50", "51", "52"]
    assert look(tmp_path).notices == ()


def test_a_second_kernel_keeps_the_journal_of_a_first_that_was_killed(
    tmp_path: Path, editor: Callable[..., Editor]
) -> None:
    first = saved(editor)
    second = editor()
    first.add(3)
    first.file._file_lock.release()  # as the system does when a process dies
    second.add(50)
    assert second.file.flush()
    assert len(names(tmp_path, ".orphan.jsonl")) == 1
    assert any("Another kernel left unsaved edits" in text for text in second.notices)


def test_a_second_kernel_does_not_touch_a_broken_document(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    path = tmp_path / "portrait.nodebook.json"
    path.write_text("{")
    second = editor()
    assert second.state.ordered_ids() == ["1", "2", "3"]
    assert second.file.flush()
    assert path.read_text() == "{"
    assert len(names(tmp_path, ".conflict-")) == 1


# A disk that does not take it


def no_space(*_args: Any, **_options: Any) -> Any:
    raise OSError(28, "No space left on device")


def test_an_unwritable_folder_is_told_once_and_tried_again(
    tmp_path: Path, editor: Callable[..., Editor], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = saved(editor)
    with monkeypatch.context() as full:
        full.setattr(os, "write", no_space)
        full.setattr(os, "replace", no_space)
        mine.add(3)
        assert not mine.file.flush()
        mine.add(4)
        assert not mine.file.flush()
        assert len(mine.notices) == 2
        assert "cannot be journalled: No space left" in mine.notices[0]
        assert "Cannot save the graph 'portrait'" in mine.notices[1]
    mine.add(5)
    assert mine.file.flush()
    assert mine.notices[2:] == ["The graph 'portrait' is saved again."]
    mine.add(6)
    assert dumps(look(tmp_path).state) == dumps(mine.state)


def test_a_folder_that_is_not_there(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    folder = tmp_path / "absent"
    mine = editor(folder)
    mine.add(1)
    assert not mine.file.flush()
    folder.mkdir()
    mine.add(2)
    assert mine.file.flush()
    assert look(folder).state.ordered_ids() == ["1", "2"]


def test_without_a_journal_the_document_is_still_saved(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    (tmp_path / ".nodebook").write_text("a file in the way")
    mine = editor()
    mine.add(1)
    assert mine.file.flush()
    mine.add(2)
    assert mine.file.flush()
    assert document(tmp_path).ordered_ids() == ["1", "2"]
    assert len(mine.notices) == 1
    assert "cannot be journalled" in mine.notices[0]


def test_a_half_written_line_is_taken_back(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = saved(editor)
    real, calls = os.write, []

    def half(handle: int, data: Any) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            no_space()
        return real(handle, data[: len(data) // 2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", half)
        mine.add(3)
    assert "cannot be journalled" in mine.notices[0]
    assert (look(tmp_path).state.ordered_ids(), look(tmp_path).notices) == (["1", "2"], ())


def test_files_that_cannot_be_tidied_are_left(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    left = crashed(tmp_path)
    foreign(left)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", no_space)
        again = editor(left)
    assert again.restored is not None
    assert "Cannot put the files of the graph 'portrait' in order" in again.restored.notices[-1]
    assert "3" in journal(left).read_text()


def test_a_lock_that_cannot_be_made(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    saved(editor, 3)
    left = crashed(tmp_path)
    (left / ".nodebook" / "portrait.lock").unlink()
    (left / ".nodebook" / "portrait.lock").mkdir()
    (left / ".nodebook" / "portrait.saved.json").unlink()
    (left / ".nodebook" / "portrait.saved.json").mkdir()
    again = editor(left)
    assert again.restored is not None
    assert [text.split()[0] for text in again.restored.notices] == ["The"]
    assert again.state.ordered_ids() == ["1", "2", "3"]
    again.add(4)
    assert again.file.flush()
    assert document(left).ordered_ids() == ["1", "2", "3", "4"]


def test_a_value_that_cannot_be_saved_is_told_and_the_rest_waits(tmp_path: Path, editor: Callable[..., Editor]) -> None:
    mine = saved(editor)
    mine.edit(SetValue("1", "n", object()), label="Set n")
    assert not mine.file.flush()
    assert "'Set n' cannot be saved: a object is not JSON" in mine.notices[0]
    mine.add(3)
    assert not mine.file.flush()
    assert len(mine.notices) == 1
    mine.edit(SetValue("1", "n", 5))
    assert mine.file.flush()
    assert mine.notices[1:] == ["The graph 'portrait' is saved again."]
    assert dumps(look(tmp_path).state) == dumps(mine.state)


# Names


@pytest.mark.parametrize("name", ["portrait", "Ölbild 2", "絵", "a.b", "n" * MAX_NAME_BYTES, "family 👨\u200d👩"])
def test_names_that_are_fine(tmp_path: Path, name: str) -> None:
    file = GraphFile.open(tmp_path, name, debounce_s=NEVER_S)
    file.restore()
    file.put(GraphState(name=name))
    file.close()
    assert file.path.is_file()
    assert check_name("o\u0308") == "ö"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "it is empty"), ("  ", "it is empty"), ("a/b", "it holds '/'"), ("a\\b", "it holds"),
        ("a:b", "it holds ':'"),
        ("a\nb", "it holds '.n'"), ("\ud800", "it holds"), (".a", "begins with a dot"), ("..", "begins with a dot"),
        (" a", "begins or ends with a space"), ("a.", "ends with a dot"), ("con", "Windows keeps"),
        ("LPT1.x", "Windows keeps"), ("ö" * 76, "longer than 150 bytes"),
    ],
)  # fmt: skip
def test_names_that_are_not(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DocumentError, match=f"cannot be the name of a graph: .*{message}.*Expected"):
        GraphFile.open(tmp_path, name)


def test_a_copied_document_bears_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "landscape.nodebook.json").write_text(dumps(GraphState(name="portrait")))
    assert GraphFile.open(tmp_path, "landscape").restore().state.name == "landscape"


def test_free_paths_and_failed_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "T")
    for expected in ("aT.b", "aT-2.b", "aT-3.b"):
        path = files.free_path(tmp_path, "a", ".b")
        assert path.name == expected
        path.touch()
    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_atomic(tmp_path / "x", b"1")
    assert names(tmp_path, "tmp") == []
