"""How much memory is left: to the machine, and to the container that the kernel may run in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Return the bytes that can still be allocated without swapping."""
    limits = [psutil.virtual_memory().available]
    inside = container_bytes()
    return min(*limits, inside) if inside is not None else int(limits[0])


def total_bytes() -> int:
    """Return the bytes of memory that the machine has."""
    return int(psutil.virtual_memory().total)


def container_bytes(group: Path = _CGROUP) -> int | None:
    """Return what the container's limit leaves (cgroup v2), None where there is none: psutil sees only the machine."""
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((group / "memory.current").read_text())
        statistics = (group / "memory.stat").read_text().split()
    except (OSError, ValueError):
        return None
    # Pages of files that are not in use are given up before anybody is killed.
    idle = next((int(b) for a, b in pairwise(statistics) if a == "inactive_file"), 0)
    return max(0, int(limit) - used + idle)
