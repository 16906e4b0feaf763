"""Bars on a terminal, or in the output of a cell, drawn by tqdm's measure."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from nodebook.engine.words import clipped
from nodebook.tables import seconds_text
from nodebook.waiting import kernel_shell

if TYPE_CHECKING:
    from tqdm import tqdm

_FORMAT = "{desc} {percentage:3.0f}%|{bar:24}| {n_fmt}/{total_fmt}{postfix}"
_TITLE_CHARACTERS = 40
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: what it is about, and how much of it is done; ``total``: None where that is not known yet."""

    name: str
    done: float
    total: float | None
    elapsed_s: float | None = None
    left_s: float | None = None
    detail: str = ""

    @property
    def shown_done(self) -> float:
        """What is done, and no more than there is: nodes may count as they like."""
        return self.done if self.total is None else min(max(self.done, 0), self.total)

    @property
    def rest(self) -> str:
        """What stands behind the bar."""
        parts = [clipped(self.detail, _TITLE_CHARACTERS)] if self.detail else []
        if self.elapsed_s is not None:
            parts.append(whole_seconds(self.elapsed_s))
        if self.left_s is not None:
            parts.append(f"about {whole_seconds(max(1.0, self.left_s))} left")
        return ", ".join(parts)


class Screen(Protocol):
    """A place where bars are drawn, one under the other."""

    def show(self, bars: Sequence[Bar]) -> None:
        """Draw these in place of those before."""

    def end(self, summary: str) -> None:
        """Take the bars away, and leave one line."""


def screen() -> Screen:
    """Return where this process shows bars."""
    return CellScreen() if kernel_shell() is not None else TerminalScreen()


class CellScreen:
    """The output of the cell that runs: one display that is updated, so that the saved notebook has its last line."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, bars: Sequence[Bar]) -> None:
        """Draw these in place of those before."""
        width = max((len(clipped(bar.name, _TITLE_CHARACTERS)) for bar in bars), default=0)
        self._put("\n".join(line_of(bar, width) for bar in bars))

    def end(self, summary: str) -> None:
        """Leave one line."""
        self._put(summary)

    def _put(self, text: str) -> None:
        from IPython.display import DisplayHandle

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(data, raw=True)
        else:
            self._handle.update(data, raw=True)


class TerminalScreen:
    """A terminal: tqdm moves the cursor and knows the width."""

    def __init__(self) -> None:
        self._bars: list[tqdm[Any]] = []

    def show(self, bars: Sequence[Bar]) -> None:
        """Draw these in place of those before."""
        with _uninterrupted():
            self._draw(bars)

    def _draw(self, bars: Sequence[Bar]) -> None:
        from tqdm import tqdm

        while len(self._bars) > len(bars):
            self._bars.pop().close()
        for position, bar in enumerate(bars):
            if position == len(self._bars):
                self._bars.append(tqdm(position=position, leave=False, file=sys.stderr, bar_format=_FORMAT))
            drawn = self._bars[position]
            drawn.bar_format = _FORMAT if bar.total else "{desc}"
            drawn.n, drawn.total = _plain(bar.shown_done), _plain(bar.total or 0)
            drawn.set_description_str(clipped(bar.name, _TITLE_CHARACTERS), refresh=False)
            drawn.set_postfix_str(bar.rest, refresh=False)
            drawn.refresh()

    def end(self, summary: str) -> None:
        """Take the bars away, the lowest first, and leave one line."""
        with _uninterrupted():
            while self._bars:
                self._bars.pop().close()
            sys.stderr.write(f"{summary}\n")
            sys.stderr.flush()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Interrupt wait until all is drawn: half of a drawing leaves the cursor in another line."""
    before = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(before):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(*came[0])


def line_of(bar: Bar, width: int = 0) -> str:
    """Return a bar as a line of text; ``width``: the characters that its name takes, at least."""
    from tqdm import tqdm

    if not bar.total:
        return bar.name
    rest = f" {bar.rest}" if bar.rest else ""
    done, total = _plain(bar.shown_done), _plain(bar.total)
    drawn = tqdm.format_meter(
        done, total, 0, prefix=clipped(bar.name, _TITLE_CHARACTERS).ljust(width), bar_format=_FORMAT, postfix=""
    )
    return f"{drawn}{rest}".rstrip()


def whole_seconds(seconds: float) -> str:
    """Return a time that goes on: without the tenths, which nobody reads while they change."""
    whole = round(seconds)
    return f"{whole} s" if whole < _MINUTE_S else seconds_text(whole)


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value
