"""What nodes print, log and warn, told of the node that did; all of it still goes where it would have gone.

``sys.stdout`` and ``sys.stderr`` are passed through while runs go on. Log records are seen as they are made, not by a
handler: with one on the root logger Python would no longer print warnings itself, and ``basicConfig`` in a cell would
do nothing. Threads that a node starts itself are not known to be its own.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from nodebook.engine.context import current_node

_WARNING = re.compile(r"^.*?:\d+: (\w+): (.*)$", re.MULTILINE)
"""How the ``warnings`` module writes one: file, line, class, words."""

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))


@contextmanager
def capturing() -> Iterator[None]:
    """Tell what nodes write, for as long as this lasts. May be entered by several threads at once."""
    _installed.enter()
    try:
        yield
    finally:
        _installed.leave()


class _Passing:
    """A text stream that passes everything on, and tells of what a node wrote."""

    def __init__(self, stream: Any, level: str) -> None:
        self._stream = stream
        self._level = level

    def write(self, text: str) -> Any:
        written = self._stream.write(text)
        if (context := current_node.get()) is not None and context.on_output is not None and text:
            writer = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 -- who writes: there is no other way
            if writer == warnings.__name__:
                context.on_output(context.node, "warning", f"{_warning_words(text)}\n")
            elif writer != logging.__name__:  # told already, as a record
                context.on_output(context.node, self._level, str(text))
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Installation:
    """Puts the streams and the maker of log records in place with the first run, and back after the last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs = 0
        self._put: dict[str, tuple[Any, _Passing]] = {}
        self._factory: tuple[Callable[..., logging.LogRecord], Callable[..., logging.LogRecord]] | None = None

    def enter(self) -> None:
        with self._lock:
            self._runs += 1
            for name, level in (("stdout", "out"), ("stderr", "err")):
                stream = getattr(sys, name)
                # A cell may have redirected the streams since the last run began.
                if stream is not None and not isinstance(stream, _Passing):
                    self._put[name] = stream, _Passing(stream, level)
                    setattr(sys, name, self._put[name][1])
            if self._factory is None:
                before = logging.getLogRecordFactory()
                self._factory = before, _telling(before)
                logging.setLogRecordFactory(self._factory[1])

    def leave(self) -> None:
        with self._lock:
            self._runs -= 1
            if self._runs:
                return
            for name, (stream, passing) in self._put.items():
                # What somebody else put there meanwhile is theirs; ours goes on passing through if it comes back.
                if getattr(sys, name) is passing:
                    setattr(sys, name, stream)
            self._put.clear()
            if self._factory is not None and logging.getLogRecordFactory() is self._factory[1]:
                logging.setLogRecordFactory(self._factory[0])
            self._factory = None


_installed = _Installation()
"""The streams and the logging of a process are one, whatever number of sessions there is."""


def _telling(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def make_and_tell(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if (context := current_node.get()) is not None and context.on_output is not None:
            level = next((word for least, word in _LEVELS if record.levelno >= least), "debug")
            try:
                context.on_output(context.node, level, f"{record.getMessage()}\n")
            except Exception:  # noqa: BLE001 -- arguments that do not fit: logging itself says so
                return record
        return record

    return make_and_tell


def _warning_words(text: str) -> str:
    found = _WARNING.search(text)
    return text.strip() if found is None else f"{found[1]}: {found[2]}"
