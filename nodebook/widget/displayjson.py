"""What a node shows beside pictures and text, as a browser gets it (docs/design/displays.md)."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Cell = bool | float | str | None


class TableDisplay(TypedDict):
    """The first rows of a table; ``columns`` are names and types. ``name``: of which output it is."""

    kind: Literal["table"]
    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    total_rows: int
    total_columns: int
    buffer: None
    name: NotRequired[str]


class FigureDisplay(TypedDict):
    """A plot; ``buffer`` is the index of its file among those of the message."""

    kind: Literal["figure"]
    mime: str
    width: int
    height: int
    buffer: int | None
    name: NotRequired[str]


class MediaDisplay(TypedDict):
    """A sound or a film; ``file`` is its name."""

    kind: Literal["audio", "video"]
    mime: str
    file: str
    buffer: int | None
    seconds: NotRequired[float]
    name: NotRequired[str]


class CompareDisplay(TypedDict):
    """The node's pictures are so many pairs: first all left ones, then all right ones."""

    kind: Literal["compare"]
    pairs: int
    buffer: None


class NoteDisplay(TypedDict):
    """Why something cannot be shown."""

    kind: Literal["note"]
    text: str
    buffer: None


Display = TableDisplay | FigureDisplay | MediaDisplay | CompareDisplay | NoteDisplay


class DisplayMessage(TypedDict):
    """All that a node shows beside pictures and text; an empty list: nothing any more. Buffers: the files."""

    type: Literal["display"]
    node: str
    displays: list[Display]
