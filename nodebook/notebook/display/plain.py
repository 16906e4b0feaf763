"""Values that are no pictures and no parts of diffusion: text, numbers, arrays, tables, plots, sounds, records."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from nodebook.notebook.display import media
from nodebook.notebook.display.look import Block, Facts, Label, Picture, Raw, Table, Words, counted, shortened, words_of
from nodebook.notebook.display.showing import Show, Showing
from nodebook.notebook.display.tables import is_table, table_json
from nodebook.tables import data_uri

MAX_MEDIA_BYTES = 8 << 20
"""The most of a sound or a film that is put into a notebook."""

MAX_OWN_HTML_CHARS = 200_000
_MAX_MEMBERS = 30
_ROWS = 20
_COLUMNS = 12
_CELL_CHARS = 60
_FIGURE_SIDE_PX = 640


def find(value: Any, port: str) -> Show:
    """Return what shows a value."""
    if port in ("AUDIO", "VIDEO"):
        return _media(port)
    return next(show for is_one, show in _KINDS if is_one(value))


def _text(value: Any, _showing: Showing) -> list[Block]:
    return [Words(value)] if value else [Words("empty text", "muted")]


def _repr(value: Any, _showing: Showing) -> list[Block]:
    return [Words(words_of(value, 2000))]


def _own(value: Any, _showing: Showing) -> list[Block]:
    """Return what a value makes of itself, as its own cell would show it."""
    markup = value._repr_html_()
    if not isinstance(markup, str) or len(markup) > MAX_OWN_HTML_CHARS:
        return [Words(words_of(value, 2000))]
    return [Raw(markup, shortened(str(value)))]


def _table(value: Any, showing: Showing) -> list[Block]:
    if callable(getattr(value, "_repr_html_", None)):
        shown = _own(value, showing)
        if isinstance(shown[0], Raw):
            return shown
    told = table_json(value)
    head = [name for name, _ in told["columns"][:_COLUMNS]]
    rows = [
        [shortened("" if each is None else str(each), _CELL_CHARS) for each in row[:_COLUMNS]]
        for row in told["rows"][:_ROWS]
    ]
    size = f"{counted(told['total_rows'], 'row')}, {counted(told['total_columns'], 'column')}"
    return [Label(size), Table(head, rows)] if head else [Label(size)]


def _figure(value: Any, showing: Showing) -> list[Block]:
    made = media.figure(value)
    width, height = made.info.get("width", 0), made.info.get("height", 0)
    if made.data is None or not showing.take(len(made.data)):
        return [Words(f"a plot of {width} × {height}, too large to be put into a notebook", "muted")]
    shown_px = round(width * min(0.5, _FIGURE_SIDE_PX / max(width, height)))
    return [Picture(made.data, "image/png", width, height, shown_px)]


def _media(port: str) -> Show:
    def show(value: Any, _showing: Showing) -> list[Block]:
        made = media.audio(value) if port == "AUDIO" else media.video(value)
        tag = port.lower()
        length = f", {made.info['seconds']:.1f} s" if "seconds" in made.info else ""
        words = f"{'sound' if tag == 'audio' else 'film'} {made.info.get('file', '')}{length}"
        if made.data is None or len(made.data) > MAX_MEDIA_BYTES:
            return [
                Words(f"{words}: too large to be put into a notebook, at most {MAX_MEDIA_BYTES >> 20} MiB", "muted")
            ]
        address = data_uri(made.data, made.info["mime"])
        size = ' style="max-width: 100%"' if tag == "video" else ""
        player = f'<{tag} controls preload="metadata" src="{escape(address)}"{size}></{tag}>'
        return [Raw(player, ""), Words(words, "muted")]

    return show


def _is_array(value: Any) -> bool:
    names = (("torch", "Tensor"), ("numpy", "ndarray"))
    kinds = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return any(isinstance(kind, type) and isinstance(value, kind) for kind in kinds)


def _has_members(value: Any) -> bool:
    is_record = dataclasses.is_dataclass(value) or hasattr(type(value), "model_fields")
    return isinstance(value, Mapping) or (is_record and not isinstance(value, type))


def _array(value: Any, _showing: Showing) -> list[Block]:
    facts = [
        ("shape", " × ".join(map(str, value.shape)) or "one number"),
        ("dtype", str(value.dtype).removeprefix("torch.")),
    ]
    device = str(getattr(value, "device", "cpu"))
    if device != "cpu":
        facts.append(("device", device))
    facts += number_facts(value)
    return [Facts(facts)]


def number_facts(value: Any) -> list[tuple[str, str]]:
    """Return the range and the mean of a tensor or array of numbers, and whether some are not finite."""
    import numpy as np

    array = value.detach().cpu().float().numpy() if hasattr(value, "detach") else np.asarray(value)
    if array.size == 0 or array.dtype.kind not in "biuf":
        return []
    array = array.astype(np.float64, copy=False)
    finite = array[np.isfinite(array)]
    facts = []
    if finite.size:
        facts.append(("values", f"{finite.min():.4g} to {finite.max():.4g}, mean {finite.mean():.4g}"))
    if finite.size < array.size:
        facts.append(("not finite", f"{array.size - finite.size:,} of {array.size:,}"))
    return facts


def _record(value: Any, _showing: Showing) -> list[Block]:
    """Return a dataclass, a pydantic model or a mapping, member by member."""
    if isinstance(value, Mapping):
        members, name = list(value.items()), type(value).__name__
    elif dataclasses.is_dataclass(value):
        members = [(each.name, getattr(value, each.name)) for each in dataclasses.fields(value) if each.repr]
        name = type(value).__name__
    else:
        members, name = [(each, getattr(value, each)) for each in type(value).model_fields], type(value).__name__
    facts = [(str(member), _brief(held)) for member, held in members[:_MAX_MEMBERS]]
    blocks: list[Block] = [Label(name, counted(len(members), "member")), Facts(facts)]
    if len(members) > _MAX_MEMBERS:
        blocks.append(Words(f"and {len(members) - _MAX_MEMBERS} more", "muted"))
    return blocks


def _sequence(value: Any, _showing: Showing) -> list[Block]:
    if len(value) <= _MAX_MEMBERS and all(isinstance(each, (bool, int, float, str)) for each in value):
        return [Words(words_of(value, 2000))]
    lines = [f"{index}  {_brief(each)}" for index, each in enumerate(value[:_MAX_MEMBERS])]
    rest = [Words(f"and {len(value) - _MAX_MEMBERS} more", "muted")] if len(value) > _MAX_MEMBERS else []
    return [Label(type(value).__name__, counted(len(value), "value")), Words("\n".join(lines)), *rest]


def _brief(value: Any) -> str:
    if _is_array(value):
        return f"{type(value).__name__} {' × '.join(map(str, value.shape))}, {str(value.dtype).removeprefix('torch.')}"
    if hasattr(type(value), "__array_interface__") and hasattr(value, "size") and hasattr(value, "mode"):
        return f"picture {value.width} × {value.height}"
    return words_of(value)


_KINDS: tuple[tuple[Callable[[Any], bool], Show], ...] = (
    (media.is_figure, _figure),
    (_has_members, _record),
    (is_table, _table),
    (lambda value: isinstance(value, str), _text),
    (lambda value: isinstance(value, (bool, int, float, complex)), _repr),
    (_is_array, _array),
    (lambda value: isinstance(value, (list, tuple)), _sequence),
    (lambda value: callable(getattr(value, "_repr_html_", None)), _own),
    (lambda _value: True, _repr),
)
"""What a value is → what shows it; the first that fits."""
