"""What was edited, for the views: in order of the revisions, and never more at once than a server passes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from nodebook.engine.store import Change, GraphStore
from nodebook.widget import protocol
from nodebook.widget.inbox import Inbox
from nodebook.widget.problems import ProblemFeed

MAX_BACKLOG = 100
"""More changes than this at once (a loop that adds nodes) are not told one by one: the server would drop messages."""

BACKLOG_PAUSE_S = 0.25


class ChangeFeed:
    """Changes of a graph that views were not told yet. ``tell`` is called on the inbox's thread, to ``take`` them."""

    def __init__(self, store: GraphStore, problems: ProblemFeed, inbox: Inbox, tell: Callable[[], None]) -> None:
        self._store = store
        self._problems = problems
        self._inbox = inbox
        self._tell = tell
        self._changes: deque[Change] = deque()
        self._is_waiting = False
        self._next = 0.0

    def note(self, change: Change) -> None:
        """Keep a change until it is told. Called on any thread, under the store's lock."""
        self._changes.append(change)
        if not self._is_waiting:
            self._is_waiting = True
            self._inbox.put(self._tell_in_time)

    def _tell_in_time(self) -> None:
        wait_s = self._next - monotonic()
        if wait_s > 0:
            self._inbox.later(wait_s, self._tell_in_time)
            return
        self._is_waiting = False
        self._tell()

    def take(self) -> list[protocol.Edited]:
        """Return the messages that tell all changes so far."""
        with self._store.lock:  # changes are noted under it, so these problems are those after the last of them
            changes = list(self._changes)
            self._changes.clear()
            history, problems = self._store.history, self._problems.changed(self._store.problems())
        if len(changes) > MAX_BACKLOG:
            # The views see a gap before the last one and say hello: one snapshot for all of them.
            del changes[:-1]
            self._next = monotonic() + BACKLOG_PAUSE_S
        # With the last one: a view whose snapshot is newer than some of these passes over those.
        return [protocol.edited(each, history, problems if each is changes[-1] else {}) for each in changes]

    def clear(self) -> None:
        """Forget all changes: there is nobody to tell any more."""
        self._changes.clear()
