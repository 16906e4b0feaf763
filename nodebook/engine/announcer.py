"""Tells the user about the storage of a graph: each thing once, and never under a lock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

logger = logging.getLogger(__name__)
Notify = Callable[[str], None]


class Announcer:
    """Queues notices where they arise, under whatever lock; delivers them where the listener may call back."""

    def __init__(self, listener: Notify) -> None:
        self._listener = listener
        self._told: set[str] = set()
        self._waiting: deque[str] = deque()

    def say(self, key: str, text: str) -> None:
        """Queue a notice, once per key until the key is forgotten."""
        if key not in self._told:
            self._told.add(key)
            self._waiting.append(text)

    def forget(self, *keys: str) -> bool:
        """Let things be told again when they come again; say whether one of them had been told."""
        was_told = not self._told.isdisjoint(keys)
        self._told.difference_update(keys)
        return was_told

    def take(self) -> tuple[str, ...]:
        """Return what waits, for a caller that tells it itself."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return tuple(taken)

    def deliver(self) -> None:
        """Tell the listener what waits. A listener that fails is logged: no edit fails with it."""
        for text in self.take():
            try:
                self._listener(text)
            except Exception:
                logger.exception("A listener failed on the notice %r", text)
