"""Values as blocks for a cell: pictures, batches, masks, and by ``plain`` and ``diffusion`` all else.

Bounded whatever the value: ``MAX_FILE_BYTES`` of files in one display, ``MAX_PICTURES`` pictures, ``MAX_VALUES`` of
many values; what is left out is said. Nothing here raises: what cannot be shown is said in words.
docs/design/displays.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from nodebook.engine.items import Block as Refusal
from nodebook.engine.items import Items
from nodebook.notebook.display.entryparts import picture_port, split_batch
from nodebook.notebook.display.look import Block, Grid, Label, Picture, Words, counted

if TYPE_CHECKING:
    from nodebook.models.latents import LatentFormat
    from nodebook.sessions import Session

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 1 << 20
"""The most bytes of pictures and other files in one display: a notebook of a hundred cells stays a file to mail."""

MAX_PICTURES = 24
MAX_VALUES = 6
"""How many of many values (``nb.Items``) are shown."""

_SIDES_PX = ((1, 512), (4, 256), (MAX_PICTURES, 144))
"""Up to so many pictures → the longer side of each on the page."""

_DENSITY = 2
"""Pixels of a file to one of the page, for screens with more of them."""

_SMALL_PX = 192
"""Pictures up to this size are shown enlarged, pixel by pixel."""

LEAST_SHOWN_PX = 64
"""Smaller ones are enlarged until they have this size."""


@dataclass(slots=True)
class Showing:
    """What is needed to show values, and what is left of the bytes that one display may have."""

    session: Session
    latent_format: LatentFormat | None = None
    """Of the model that made what is shown, where that is known."""
    left_bytes: int = MAX_FILE_BYTES

    def take(self, size_bytes: int) -> bool:
        """Say whether a file still fits, and count it where it does."""
        if size_bytes > self.left_bytes:
            return False
        self.left_bytes -= size_bytes
        return True


Show = Callable[[Any, Showing], list[Block]]


def blocks_of(value: Any, port: str, showing: Showing) -> list[Block]:
    """Return what a value shows; ``port``: the port type that it travels as, ``*`` where none is known."""
    try:
        return _blocks_of(value, port, showing)
    except Exception as error:  # a display says what it can, and never raises
        logger.debug("A value cannot be shown", exc_info=True)
        return [Words(f"This {type(value).__name__} cannot be shown: {type(error).__name__}: {error}", "muted")]


def _blocks_of(value: Any, port: str, showing: Showing) -> list[Block]:
    from nodebook.notebook.display import diffusion, plain

    if value is None:
        return [Words("None", "muted")]
    if type(value) is Refusal:
        return [Words(f"refused: {value.message}" if value.message else "refused", "muted")]
    if type(value) is Items and picture_port(port) is None:
        return _each(value, port, showing)
    pictures = _as_pictures(value, port)
    if pictures is not None:
        return picture_blocks(pictures, showing, kind=picture_port(port) or "")
    show = diffusion.find(value, port) or plain.find(value, port)
    return show(value, showing)


def _each(values: Items[Any], port: str, showing: Showing) -> list[Block]:
    blocks: list[Block] = []
    for index, value in enumerate(values[:MAX_VALUES]):
        blocks += [Label(f"{index} of {counted(len(values), 'value')}"), *blocks_of(value, port, showing)]
    if len(values) > MAX_VALUES:
        blocks.append(Words(f"and {len(values) - MAX_VALUES} more", "muted"))
    return blocks or [Words("no values", "muted")]


def _as_pictures(value: Any, port: str) -> Sequence[Any] | None:
    kind = picture_port(port)
    if kind is not None and hasattr(value, "ndim" if not isinstance(value, (list, tuple)) else "__len__"):
        return split_batch(value, kind)
    if _is_pil(value):
        return [value]
    if isinstance(value, (list, tuple)) and value and all(map(_is_pil, value[:MAX_PICTURES])):
        return value
    return None


def _is_pil(value: Any) -> bool:
    import sys

    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def picture_blocks(pictures: Sequence[Any], showing: Showing, *, kind: str = "", numbered: bool = True) -> list[Block]:
    """Return pictures beside each other, with their numbers, and how many there are beside those."""
    if not pictures:
        return [Words("no pictures", "muted")]
    shown = pictures[:MAX_PICTURES]
    side_px = next(side for count, side in _SIDES_PX if len(shown) <= count)
    grid = []
    for index, value in enumerate(shown):
        share = showing.left_bytes // (len(shown) - index)
        caption = str(index) if numbered and len(pictures) > 1 else ""
        picture = encoded(value, side_px, share, caption)
        if not showing.take(len(picture.data)):
            break
        grid.append(picture)
    blocks: list[Block] = [Label(_described(kind, len(pictures), grid))] if kind else []
    blocks.append(Grid(grid))
    if len(grid) < len(pictures):
        blocks.append(Words(f"and {len(pictures) - len(grid)} more", "muted"))
    return blocks


def encoded(value: Any, side_px: int, max_bytes: int, caption: str = "", *, least_px: int = LEAST_SHOWN_PX) -> Picture:
    """Return a picture as a file; one that is small on the page's scale is enlarged there by whole pixels."""
    from nodebook.nodes.crisp import encode_crisp

    data, mime, width, height = encode_crisp(value, side_px * _DENSITY, max_bytes)
    longer = max(width, height, 1)
    if longer <= min(_SMALL_PX, side_px):
        times = min(max(2, ceil(least_px / longer)), max(1, side_px // longer))
        return Picture(data, mime, width, height, width * times, is_pixelated=times > 1, caption=caption)
    shown_px = max(1, round(width * min(1.0, side_px / longer)))
    return Picture(data, mime, width, height, shown_px, caption=caption)


def _described(kind: str, count: int, grid: Sequence[Picture]) -> str:
    noun = "mask" if kind == "MASK" else "picture"
    sizes = list(dict.fromkeys(f"{each.width} × {each.height}" for each in grid))
    return f"{counted(count, noun)}, {sizes[0] if len(sizes) == 1 else 'of several sizes'}"
