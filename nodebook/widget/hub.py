"""The threads that all editors of a session share."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from nodebook.sessions import Session
from nodebook.widget.inbox import Inbox


@dataclass(frozen=True)
class Hub:
    """``sync`` applies what views ask for and tells them what happened; ``pictures`` encodes and sends pictures.

    ``files`` encodes whole pictures, which may take a second: no preview waits behind them.
    """

    sync: Inbox = field(default_factory=lambda: Inbox("nodebook-sync"))
    pictures: Inbox = field(default_factory=lambda: Inbox("nodebook-pictures"))
    files: Inbox = field(default_factory=lambda: Inbox("nodebook-files"))

    def close(self) -> None:
        """End all threads."""
        self.sync.close()
        self.pictures.close()
        self.files.close()


_hubs: WeakKeyDictionary[Session, Hub] = WeakKeyDictionary()
_lock = Lock()


def hub_of(session: Session) -> Hub:
    """Return the hub of a session; the first call makes it."""
    with _lock:
        hub = _hubs.get(session)
        if hub is None:
            hub = _hubs[session] = Hub()
        return hub
