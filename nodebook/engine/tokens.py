"""Names for live objects that have no content to go by: a lock, a connection, a graph.

A token is given once per object and per process, and never again: unlike ``id()``, which the next object may get as
soon as this one is gone, and which any other process may give too.
"""

from __future__ import annotations

import os
import weakref
from itertools import count
from threading import Lock
from typing import Any, NamedTuple

_SALT = os.urandom(16)


class _Known(NamedTuple):
    refer: Any
    """The object itself where Python has no weak reference to it: it then lives as long as the process."""
    is_weak: bool
    token: bytes


class Tokens:
    """Gives each object its token. May be used from any thread."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._numbers = count()
        self._lock = Lock()

    def of(self, value: object) -> bytes:
        """Return the token of an object: the same one as long as it lives."""
        with self._lock:
            known = self._known.get(id(value))
            if known is not None and (known.refer() if known.is_weak else known.refer) is value:
                return known.token
            # The process joins because a fork inherits salt and counter.
            token = b"%s-%d-%d" % (_SALT, os.getpid(), next(self._numbers))
            try:
                self._known[id(value)] = _Known(weakref.ref(value, self._forget(id(value), token)), True, token)
            except TypeError:
                self._known[id(value)] = _Known(value, False, token)
            return token

    def _forget(self, number: int, token: bytes) -> Any:
        known = self._known

        def forget(_reference: object) -> None:
            # Without the lock: this may be called by the collector while the lock is held.
            entry = known.get(number)
            if entry is not None and entry.token == token:
                known.pop(number, None)

        return forget


token_of = Tokens().of
"""Return the token of an object in this process."""
