"""What ``nb.cache`` shows of itself: text, a table, a list of entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nodebook.engine.cache import CacheInfo, Seen
from nodebook.tables import bytes_text, html_facts, html_frame, html_heading

if TYPE_CHECKING:
    from nodebook.assets.disk import DiskInfo
    from nodebook.assets.results import Listed


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """A result as ``nb.cache.entries()`` lists it. ``key`` is in hexadecimal digits, ``tier`` memory, disk or both."""

    key: str
    node: str
    size_bytes: int
    seconds: float
    tier: str
    used: datetime
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class CacheView:
    """The figures of a cache at one moment."""

    memory: CacheInfo
    policy: str
    found_in_memory: int
    found_on_disk: int
    not_found: int
    disk: DiskInfo | None = None
    notice: str | None = None
    late: int = 0


def merge(seen: Iterable[Seen], rows: Iterable[Listed]) -> list[ListedEntry]:
    """Return the entries of both tiers, each key once, the most recently used first."""
    found: dict[bytes, ListedEntry] = {}
    for each in seen:
        used = datetime.fromtimestamp(each.used).astimezone()
        found[each.key] = ListedEntry(
            each.key.hex(), each.node, each.size_bytes, each.seconds, "memory", used, each.is_pinned
        )
    for row in rows:
        held = found.get(row.key)
        used = datetime.fromtimestamp(row.used).astimezone()
        found[row.key] = ListedEntry(
            row.key.hex(),
            row.node or (held.node if held else ""),
            held.size_bytes if held else row.stored_bytes,
            row.seconds,
            "both" if held else "disk",
            max(used, held.used) if held else used,
            row.pinned or (held is not None and held.is_pinned),
        )
    return sorted(found.values(), key=lambda each: each.used, reverse=True)


def describe(view: CacheView) -> str:
    """Return the figures as text."""
    width = 12
    return "\n".join(["<cache>", *(f"  {name:<{width}}{text}" for name, text in _lines(view))])


def to_html(view: CacheView) -> str:
    """Return the figures as a table. All text in it is escaped."""
    return html_frame(html_heading("Cache"), html_facts(_lines(view)))


def _lines(view: CacheView) -> Iterator[tuple[str, str]]:
    memory = view.memory
    limit = f" of {bytes_text(memory.limit_bytes)}" if view.policy == "bytes" else ""
    yield "memory", f"{memory.entries} results, {bytes_text(memory.held_bytes)}{limit}"
    yield "policy", view.policy
    yield "look-ups", f"{view.found_in_memory} in memory, {view.found_on_disk} on disk, {view.not_found} not found"
    disk = view.disk
    if disk is None:
        yield "disk", f"off. {view.notice}" if view.notice else "off"
        return
    size = f"{bytes_text(disk.stored_bytes)} of {bytes_text(disk.limit_bytes)}"
    yield "disk", f"{disk.entries} results, {size}, in {disk.folder}"
    for reason, count in sorted(disk.refused.items(), key=lambda item: -item[1]):
        yield "not written", f"{count}: {reason}"
    if view.late:
        yield "not written", f"{view.late}: too much was waiting to be written"
    for problem in disk.problems:
        yield "problem", problem
