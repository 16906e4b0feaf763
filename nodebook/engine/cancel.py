"""How a run is asked to stop: an event that also calls back, so that whoever waits for something else is woken."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock


class CancelToken(Event):
    """Set once, from any thread. Checked between steps, and heard at once by what awaits (``on_set``)."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = Lock()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._number = 0

    def set(self) -> None:
        """Ask to stop, and call back everybody who asked for it. Callbacks must be quick and not raise."""
        with self._guard:
            super().set()
            callbacks, self._callbacks = list(self._callbacks.values()), {}
        for callback in callbacks:
            callback()

    def on_set(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the token is set, at once where it is already; returns a function that ends that."""
        with self._guard:
            if not self.is_set():
                self._number += 1
                number = self._number
                self._callbacks[number] = callback
                return lambda: self._forget(number)
        callback()
        return lambda: None

    def _forget(self, number: int) -> None:
        with self._guard:
            self._callbacks.pop(number, None)
