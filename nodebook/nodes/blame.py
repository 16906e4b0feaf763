"""Saying which input of a node an error is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

INPUT_NOTE = "nodebook-input: "
"""The engine reads this note and shows the error on the input."""


@contextmanager
def about(input_name: str) -> Iterator[None]:
    """Mark errors from the block as the fault of one input."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{INPUT_NOTE}{input_name}")
        raise
