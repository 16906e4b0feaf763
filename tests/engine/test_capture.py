"""What nodes write is told of them, and still goes where it would have gone."""

# ruff: noqa: T201 -- printing is what this is about
from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import subprocess
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

import nodebook as nb
from nodebook.engine.capture import capturing
from nodebook.engine.context import NodeContext, current_node

if TYPE_CHECKING:
    from collections.abc import Iterator

Heard = list[tuple[str, str, str]]

logger = logging.getLogger(__name__)


@pytest.fixture
def heard() -> Iterator[Heard]:
    told: Heard = []
    context = NodeContext("n", Event(), lambda *_: None, lambda *_: None, lambda *output: told.append(output))
    token = current_node.set(context)
    yield told
    current_node.reset(token)


def test_prints_are_told_and_pass(heard: Heard, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with capturing():
        print("to out")
        print("to err", file=sys.stderr)
        assert sys.stdout.encoding == before[0].encoding, "all else is the stream's own"
    print("after")
    assert (sys.stdout, sys.stderr) == before
    assert heard == [("n", "out", "to out"), ("n", "out", "\n"), ("n", "err", "to err"), ("n", "err", "\n")]
    assert capsys.readouterr() == ("to out\nafter\n", "to err\n")


def test_what_is_written_outside_nodes_is_not_told(heard: Heard, capsys: pytest.CaptureFixture[str]) -> None:
    with capturing():
        thread = Thread(target=print, args=("elsewhere",))
        thread.start()
        thread.join()
        logger.warning("heard %d", 1)
    assert heard == [("n", "warning", "heard 1\n")]
    assert capsys.readouterr().out == "elsewhere\n"


def test_logging_is_told_once_and_nothing_of_it_is_changed(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    factory = logging.getLogRecordFactory()
    quiet = logging.getLogger("nodebook.test.quiet")
    quiet.propagate = False
    with capturing(), caplog.at_level(logging.INFO, logger=__name__):
        logger.info("it is %s", "so")
        logger.debug("not wanted")
        quiet.error("told though no handler of the root sees it")
    assert logging.getLogRecordFactory() is factory
    assert [(level, text) for _, level, text in heard] == [
        ("info", "it is so\n"),
        ("error", "told though no handler of the root sees it\n"),
    ]
    assert caplog.messages == ["it is so"]


def test_two_runs_at_once_put_back_what_was_there(heard: Heard) -> None:
    before = sys.stdout
    with capturing():
        with capturing():
            print("x", end="")
        print("y", end="")
    assert sys.stdout is before
    assert [text for _, _, text in heard] == ["x", "y"]


def test_a_stream_that_a_cell_put_there_meanwhile_stays(heard: Heard) -> None:
    before, own = sys.stdout, io.StringIO()
    with contextlib.redirect_stdout(own):
        with capturing():
            print("in", end="")
        assert sys.stdout is own
    with capturing():
        other = io.StringIO()
        sys.stdout = other
    assert sys.stdout is other
    sys.stdout = before
    assert [text for _, _, text in heard] == ["in"]
    assert own.getvalue() == "in"


# Python prints warnings of loggers by itself only where the root logger has no handler, which pytest gives it.
_PROGRAM = """
import logging, sys, threading, warnings
from nodebook.engine.capture import capturing
from nodebook.engine.context import NodeContext, current_node
told = []
context = NodeContext("n", threading.Event(), None, None, lambda *output: told.append(output[1:]))
current_node.set(context)
with capturing():
    logging.getLogger("x").warning("by a logger")
    warnings.warn("by the module", RuntimeWarning)
current_node.set(None)
logging.basicConfig(format="formatted: %(message)s")
logging.getLogger("x").warning("later")
print(told)
"""


def test_warnings_are_told_once_and_printed_as_ever() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([("warning", "by a logger\n"), ("warning", "RuntimeWarning: by the module\n")])
    assert "by a logger\n" in done.stderr
    assert "RuntimeWarning: by the module" in done.stderr
    assert "formatted: later" in done.stderr, "basicConfig must still do something"


@nb.node(cache=False)
def murmur(x: int = 0) -> int:
    print(f"x is {x}")
    return x


@nb.node(cache=False)
async def murmur_later(x: int = 0) -> int:
    await asyncio.sleep(0)
    print(f"later {x}")
    return x


@nb.node(cache=False, lane="concurrent")
def murmur_aside(x: int = 0) -> int:
    print(f"aside {x}")
    return x


def test_each_lane_knows_its_node(capsys: pytest.CaptureFixture[str]) -> None:
    graph = nb.Graph()
    nodes = [graph.add(murmur, x=10), graph.add(murmur_later, x=11), graph.add(murmur_aside, x=12)]
    graph.run()
    told = {line.node: line.text for line in nb.session().logs.lines(graph.store.number)}
    assert told == dict(zip((each.id for each in nodes), ("x is 10", "later 11", "aside 12"), strict=True))
    assert sorted(capsys.readouterr().out.splitlines()) == ["aside 12", "later 11", "x is 10"]
