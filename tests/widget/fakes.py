"""Stand-ins: a channel that records, a scheduler and a clock that the test moves, pictures that need no torch."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodebook.widget.inbox import Task
    from nodebook.widget.protocol import Message

WAIT_S = 20.0


class Sent(NamedTuple):
    message: dict[str, Any]
    buffers: list[bytes]


class FakeChannel:
    """Keeps what is sent; ``wait`` for what should come."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._came = Condition()

    def send_message(self, message: Message, buffers: list[bytes]) -> None:
        with self._came:
            self.sent.append(Sent(dict(message), list(buffers)))
            self._came.notify_all()

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [each.message for each in self.sent if each.message["type"] == kind]

    def wait(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first message of a kind that fits, once it has come."""
        return self.wait_sent(kind, fits).message

    def wait_sent(self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> Sent:
        def found() -> Sent | None:
            return next((each for each in self.sent if each.message["type"] == kind and fits(each.message)), None)

        with self._came:
            came = self._came.wait_for(lambda: found() is not None, WAIT_S)
            assert came, f"no fitting {kind!r} came; there were: {[each.message for each in self.sent]}"
            result = found()
        assert result is not None
        return result

    def clear(self) -> None:
        with self._came:
            self.sent.clear()

    def status_of(self, node: str) -> dict[str, Any]:
        """Return a node's state as a view has it that has taken in every message so far."""
        state: dict[str, Any] = {}
        for message, _ in list(self.sent):
            if message["type"] in {"snapshot", "status"}:
                state.update(message.get("nodes", {}).get(node, {}))
        return state

    def run(self) -> dict[str, Any]:
        runs = [each.message["run"] for each in list(self.sent) if "run" in each.message]
        result: dict[str, Any] = runs[-1] if runs else {}
        return result


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ManualScheduler:
    """Does tasks when the test says so, at the times of its clock."""

    clock: Clock
    ready: deque[Task] = field(default_factory=deque)
    timers: list[tuple[float, int, Task]] = field(default_factory=list)
    made: int = 0

    def put(self, task: Task) -> None:
        self.ready.append(task)

    def later(self, seconds: float, task: Task) -> Task:
        self.made += 1
        timer = (self.clock.now + seconds, self.made, task)
        heapq.heappush(self.timers, timer)

        def take_back() -> None:
            if timer in self.timers:
                self.timers.remove(timer)
                heapq.heapify(self.timers)

        return take_back

    def work(self) -> None:
        while self.ready:
            self.ready.popleft()()

    def pass_time(self, seconds: float) -> None:
        end = self.clock.now + seconds
        self.work()
        while self.timers and self.timers[0][0] <= end + 1e-9:
            when, _, task = heapq.heappop(self.timers)
            self.clock.now = max(self.clock.now, when)
            task()
            self.work()
        self.clock.now = end


class FakeThumbnail(NamedTuple):
    data: bytes
    mime: str = "image/fake"
    width: int = 4
    height: int = 3


def fake_encode(picture: object) -> FakeThumbnail:
    if picture == "broken":
        raise ValueError(picture)
    return FakeThumbnail(str(picture).encode())
