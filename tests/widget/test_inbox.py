from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from nodebook.widget.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox("test-inbox")
    yield inbox
    inbox.close()


def test_tasks_are_done_in_order_on_one_daemon_thread(inbox: Inbox) -> None:
    done: list[int] = []
    names: set[tuple[str, bool]] = set()
    for number in range(100):
        inbox.put(lambda number=number: done.append(number))  # type: ignore[misc]
    finished = threading.Event()

    def last() -> None:
        names.add((threading.current_thread().name, threading.current_thread().daemon))
        finished.set()

    inbox.put(last)
    assert finished.wait(10)
    assert done == list(range(100))
    assert names == {("test-inbox", True)}


def test_a_task_that_fails_is_logged_and_the_next_is_done(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    finished = threading.Event()

    def fail() -> None:
        raise RuntimeError("made by the test")

    with caplog.at_level(logging.ERROR):
        inbox.put(fail)
        inbox.put(finished.set)
        assert finished.wait(10)
    assert "made by the test" in caplog.text


def test_timers_go_by_their_time_and_do_not_hold_up_tasks(inbox: Inbox) -> None:
    done: list[str] = []
    finished = threading.Event()
    inbox.later(0.08, lambda: done.append("late"))
    inbox.later(0.09, finished.set)
    inbox.later(0.03, lambda: done.append("early"))
    taken_back = inbox.later(0.01, lambda: done.append("never"))
    taken_back()
    inbox.put(lambda: done.append("now"))
    assert finished.wait(10)
    assert done == ["now", "early", "late"]


def test_taking_back_a_timer_that_has_run_leaves_nothing_behind(inbox: Inbox) -> None:
    ran = threading.Event()
    take_back = inbox.later(0, ran.set)
    assert ran.wait(10)
    take_back()
    assert not inbox._taken_back


def test_a_task_may_put_tasks(inbox: Inbox) -> None:
    finished = threading.Event()
    inbox.put(lambda: inbox.put(finished.set))
    assert finished.wait(10)


def test_a_task_is_let_go_when_it_is_done(inbox: Inbox) -> None:
    class Held(threading.Event): ...

    held = Held()
    gone = weakref.ref(held)
    inbox.put(lambda held=held: held.set())  # type: ignore[misc]
    assert held.wait(10)
    del held
    deadline = time.monotonic() + 5
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


def test_a_closed_inbox_does_nothing_and_its_thread_ends() -> None:
    inbox = Inbox("test-closing")
    ran = threading.Event()
    inbox.put(ran.set)
    assert ran.wait(10)
    inbox.close()
    inbox.close()
    later = threading.Event()
    inbox.put(later.set)
    assert not later.wait(0.05)
    assert "test-closing" not in {thread.name for thread in threading.enumerate()}
