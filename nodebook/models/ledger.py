"""What is in the pool, as values: for people to read and for eviction to decide on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Resident:
    """A network in the pool, as eviction sees it."""

    key: Hashable
    tensors: Mapping[int, int]
    """Of its own memory: address -> bytes. Networks that share a tensor have the same address."""
    leased: bool
    used: int
    """When it was last used: larger is later."""


def total_bytes(residents: Sequence[Resident]) -> int:
    """Return the memory of all these networks, what they share counted once."""
    merged: dict[int, int] = {}
    for resident in residents:
        merged.update(resident.tensors)
    return sum(merged.values())


def choose_evictions(residents: Sequence[Resident], *, needed_bytes: int, limit_bytes: int) -> tuple[Hashable, ...]:
    """Return which networks to drop, least recently used first, until ``needed_bytes`` more fit in.

    Never one that is leased or has no memory of its own. What can be dropped may not be enough: the caller looks.
    """
    left = list(residents)
    chosen = []
    for candidate in sorted(residents, key=lambda each: each.used):
        if total_bytes(left) + needed_bytes <= limit_bytes:
            break
        if not candidate.leased and candidate.tensors:
            left.remove(candidate)
            chosen.append(candidate.key)
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One network in the pool."""

    file: str
    part: str
    dtype: str
    size_bytes: int
    """Memory of its own, without mapped files; shared tensors count in each network that has them."""
    mapped_bytes: int
    """Views of its file: memory that the system takes back by itself where it needs it."""
    leases: int
    idle_s: float
    patches: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the pool holds, most recently used first."""

    device: str
    limit_bytes: int
    used_bytes: int
    rows: tuple[LedgerRow, ...]

    def __repr__(self) -> str:
        head = f"{self.device}: {readable(self.used_bytes)} of {readable(self.limit_bytes)} used"
        if not self.rows:
            return f"{head}, no model is loaded"
        cells = [("file", "part", "dtype", "memory", "mapped", "leases", "idle", "patches")]
        cells += [
            (
                row.file,
                row.part,
                row.dtype,
                readable(row.size_bytes),
                readable(row.mapped_bytes),
                str(row.leases),
                f"{row.idle_s:.0f} s",
                str(row.patches),
            )
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
        return "\n".join([head, *(line.rstrip() for line in lines)])


def readable(size_bytes: int) -> str:
    """Return a number of bytes as people write it."""
    if size_bytes >= GIB:
        return f"{size_bytes / GIB:.2f} GiB"
    if size_bytes >= MIB:
        return f"{size_bytes / MIB:.1f} MiB"
    return f"{size_bytes / 1024:.1f} KiB" if size_bytes else "0"
