"""Which results the memory cache lets go, and when: decisions only, no effects."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from nodebook.errors import CachePolicyError

GIB = 1024**3
_DEFAULT_RAM_GIB = 4.0
_RAM_TO = 1.1
_AGE_WEIGHT = 1.3
_MAX_AGE = 2000  # 1.3 to that power is still a float
_FORMS = "'bytes', 'classic', 'lru:N', 'ram:GB' or 'none'"

Kind = Literal["bytes", "classic", "lru", "ram", "none"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule by which results go. The last four are ComfyUI's.

    - ``bytes``: the memory is bounded; what saves the fewest seconds per byte goes first.
    - ``classic``: a run first drops all that its graph does not hold.
    - ``lru:N``: a run first drops the results that longest ago took part in one, until N are left or all are its own.
    - ``ram:GB``: all stay until less memory than that is available; then the oldest and largest go.
    - ``none``: nothing stays.
    """

    kind: Kind = "bytes"
    count: int = 0
    ram_bytes: int = 0

    @property
    def is_bounded(self) -> bool:
        """Whether the limit in bytes holds."""
        return self.kind == "bytes"

    def __str__(self) -> str:
        if self.kind == "lru":
            return f"lru:{self.count}"
        return f"ram:{self.ram_bytes / GIB:g}" if self.kind == "ram" else self.kind


def parse_policy(text: str | Policy) -> Policy:
    """Return the policy that a text names. Raises ``CachePolicyError``."""
    if isinstance(text, Policy):
        return text
    match = re.fullmatch(r"(bytes|classic|none)|(lru):(\d{1,9})|(ram)(?::(\d{1,6}(?:\.\d{1,6})?))?", str(text).strip())
    if match is None:
        raise CachePolicyError(f"The cache has no policy {text!r}: it is {_FORMS}, for example 'lru:100'.")
    if match[2]:
        return Policy("lru", count=int(match[3])) if int(match[3]) else Policy("classic")
    if match[4]:
        return Policy("ram", ram_bytes=int(float(match[5] or _DEFAULT_RAM_GIB) * GIB))
    return Policy(match[1])  # type: ignore[arg-type]  # one of the three


class Weighed(NamedTuple):
    """What a decision knows of a result. ``generation``: the number of the last run that used it."""

    key: bytes
    size_bytes: int
    seconds: float
    generation: int


def least_worth(entries: Iterable[Weighed], wanted_bytes: int) -> list[bytes]:
    """Return which results go to free so many bytes: fewest seconds per byte first, older ones on ties."""
    return _until(sorted(entries, key=lambda each: each.seconds / max(each.size_bytes, 1)), wanted_bytes)


def oldest_and_largest(entries: Iterable[Weighed], wanted_bytes: int, generation: int) -> list[bytes]:
    """Return which results go to free so many bytes: by 1.3 to the power of their age in runs, times their bytes."""

    def score(each: Weighed) -> float:
        return _AGE_WEIGHT ** min(generation - each.generation, _MAX_AGE) * each.size_bytes

    return _until(sorted(entries, key=score, reverse=True), wanted_bytes)


def not_in(entries: Iterable[Weighed], keys: Collection[bytes]) -> list[bytes]:
    """Return the results whose key is not among those."""
    return [each.key for each in entries if each.key not in keys]


def oldest_generations(entries: Collection[Weighed], count: int, keys: Collection[bytes]) -> list[bytes]:
    """Return which results go so that ``count`` are left: whole generations, the oldest first, but none of ``keys``."""
    left = len(entries)
    gone: list[bytes] = []
    by_generation: dict[int, list[bytes]] = {}
    for each in entries:
        if each.key not in keys:
            by_generation.setdefault(each.generation, []).append(each.key)
    for generation in sorted(by_generation):
        if left <= count:
            break
        gone.extend(by_generation[generation])
        left -= len(by_generation[generation])
    return gone


def missing_bytes(policy: Policy, available_bytes: int, reserve_bytes: int) -> int:
    """Return how many bytes must be given back so that the machine has enough; 0 where it has.

    ``ram`` names its own threshold and frees a tenth more than that; the others keep ``reserve_bytes`` free.
    """
    threshold = policy.ram_bytes if policy.kind == "ram" else reserve_bytes
    return int(threshold * _RAM_TO) - available_bytes if available_bytes < threshold else 0


def _until(ordered: Iterable[Weighed], wanted_bytes: int) -> list[bytes]:
    chosen = []
    for each in ordered:
        if wanted_bytes <= 0:
            break
        chosen.append(each.key)
        wanted_bytes -= each.size_bytes
    return chosen
