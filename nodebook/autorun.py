"""Runs a graph again when an edit, or a cell, has changed what its targets would come to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic

from nodebook.engine.edits import SetOrigin, SetTitle, SetView
from nodebook.engine.index import Key
from nodebook.engine.store import Change, GraphStore
from nodebook.errors import GraphPausedError, SessionClosedError
from nodebook.jobs import Job

logger = logging.getLogger(__name__)

DEFAULT_DELAY_S = 0.3

_LOOKS = (SetView, SetTitle, SetOrigin)
"""Edits that change no result. Keys would tell too, were there not the nodes whose key is another for each run."""

Signature = dict[str, Key | None]


@dataclass(frozen=True, slots=True)
class AutoRunOptions:
    """``delay_s``: how long edits must pause, in seconds; ``restart``: cancel a run that still goes on then."""

    delay_s: float = DEFAULT_DELAY_S
    restart: bool = False


class AutoRun:
    """Waits until edits pause, then runs; one run waits at most, the newest edit wins.

    A run that goes on meanwhile is let finish, or with ``restart`` cancelled. Moving a node or naming it changes no
    result, so it runs nothing. The thread ends when there is nothing to wait for.
    """

    def __init__(
        self, store: GraphStore, prepare: Callable[[], Job], submit: Callable[[Job], Job], options: AutoRunOptions
    ) -> None:
        self.options = options
        self._store = store
        self._prepare = prepare
        self._submit = submit
        # Taken under the lock of the store too, so nothing is called under it.
        self._wake = Condition()
        self._due: float | None = None
        self._job: Job | None = None
        self._thread: Thread | None = None
        self._is_off = False
        self._ran = self._signature()
        self._unsubscribe = [store.subscribe(self._on_change)]

    def also(self, unsubscribe: Callable[[], None]) -> None:
        """Call this too when nothing is to be run any more."""
        self._unsubscribe.append(unsubscribe)

    def close(self) -> None:
        """Run nothing any more. What runs goes on."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        with self._wake:
            self._is_off = True
            self._wake.notify_all()

    def _on_change(self, change: Change) -> None:
        if all(isinstance(edit, _LOOKS) for edit in change.batch.edits):
            return
        self.wake()

    def wake(self) -> None:
        """Run soon if what the targets would come to has changed: after an edit, or a cell that set a variable."""
        with self._wake:
            self._due = monotonic() + self.options.delay_s
            self._start()

    def _on_finished(self) -> None:
        with self._wake:
            if self._due is not None:
                self._start()

    def _start(self) -> None:
        if self._thread is None and not self._is_off:
            self._thread = Thread(target=self._work, name="nodebook-auto-run", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _work(self) -> None:
        while self._wait():
            try:
                self._run_if_changed()
            except SessionClosedError:
                self.close()
            except GraphPausedError:
                pass  # it waits at a break: whoever lets it go on sees what the edit made stale
            except Exception:
                logger.exception("The graph could not be run again after an edit")

    def _wait(self) -> bool:
        """Wait until a run is due; False where none is, and this thread is over."""
        with self._wake:
            while not self._is_off and self._due is not None:
                left_s = self._due - monotonic()
                if left_s > 0:
                    self._wake.wait(left_s)
                elif self._is_busy() and not self.options.restart:
                    break  # the end of the run wakes another thread, for ``_due`` is still set
                else:
                    self._due = None
                    return True
            self._thread = None
            return False

    def _is_busy(self) -> bool:
        return self._job is not None and not self._job.is_finished

    def _run_if_changed(self) -> None:
        # Planned under one lock with the keys, for planning changes some: those of files, and of nodes that always run.
        with self._store.lock:
            if self._signature() == self._ran:
                return
            job = self._prepare()
            self._ran = self._signature()
        if self._job is not None:
            self._job.cancel()
        self._job = job
        self._submit(job)
        job.future.add_done_callback(lambda _future: self._on_finished())

    def _signature(self) -> Signature:
        with self._store.lock:
            index = self._store.index()
            return {target: index.keys.get(target) for target in index.default_targets()}
