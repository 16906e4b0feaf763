"""Where weights live: networks by content, dtype and patches, leased while in use, bounded in bytes.

One pool serves all graphs of a kernel: two graphs that use one checkpoint hold it once. A network is built at its first
lease, by one thread while others that want it wait; it stays until its memory is wanted for something else.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import psutil
import torch
from torch import nn

from nodebook.models.build import Built, build_part, estimate_bytes
from nodebook.models.errors import PoolFullError
from nodebook.models.handles import Part, Patched
from nodebook.models.ledger import Ledger, LedgerRow, Resident, choose_evictions, readable, total_bytes
from nodebook.models.patching import find_changes, patched_copy, size_of_changes
from nodebook.models.precision import compute_dtype

MEMORY_SHARE = 0.7
"""How much of a device's memory the pool may fill, unless it is told a limit."""

Key = tuple[Patched, torch.dtype]


@dataclass(slots=True, eq=False)
class _Entry:
    """A network that is being built (no module yet) or is there."""

    key: Key
    module: nn.Module | None = None
    own: dict[int, int] = field(default_factory=dict)
    """address -> bytes; while the network is being built, what it is expected to take, under address 0 or below."""
    mapped_bytes: int = 0
    leases: int = 0
    used: int = 0
    used_at_s: float = 0.0


class Pool:
    """Networks in memory. Safe to use from any number of threads."""

    def __init__(
        self,
        *,
        device: str | torch.device = "cpu",
        limit_bytes: int | None = None,
        build: Callable[[Part, torch.dtype], Built] = build_part,
        estimate: Callable[[Part, torch.dtype], int] | None = None,
    ) -> None:
        self.device = torch.device(device)
        self._limit_bytes = limit_bytes
        self._build = build
        self._estimate = estimate or partial(estimate_bytes, mappable=self.device.type == "cpu")
        self._changed = threading.Condition()
        self._entries: dict[Key, _Entry] = {}
        self._working_bytes = 0
        self._clock = count(1)
        self._reservations = count(1)

    @property
    def limit_bytes(self) -> int:
        """How much memory the networks may take, working memory of those in use included; it may be set."""
        if self._limit_bytes is None:
            self._limit_bytes = default_limit_bytes(self.device)
        return self._limit_bytes

    @limit_bytes.setter
    def limit_bytes(self, value: int) -> None:
        with self._changed:
            self._limit_bytes = value
            self._evict_for(0)

    def __repr__(self) -> str:
        return repr(self.ledger())

    def dtype_of(self, part: Part) -> torch.dtype:
        """Return the dtype in which a network computes here."""
        return compute_dtype(part, self.device)

    @contextmanager
    def lease(self, *networks: Patched, working_bytes: int = 0) -> Iterator[tuple[nn.Module, ...]]:
        """Give built networks on ``device``, one for each asked for, that nothing evicts before the block ends.

        They are shared: do not change them. ``working_bytes``: memory that the block needs beside the weights.

        Raises ``PoolFullError`` where that is more than fits in beside what is in use, and whatever building raises.
        """
        with ExitStack() as held:
            modules = tuple(held.enter_context(self._hold((each, self.dtype_of(each.part)))) for each in networks)
            if working_bytes:
                held.enter_context(self._working(working_bytes))
            yield modules

    def evict_unleased(self) -> int:
        """Drop every network that is not in use, and return how many bytes that gave back."""
        with self._changed:
            before = self._used_bytes()
            self._drop([each.key for each in self._entries.values() if not each.leases])
            return before - self._used_bytes()

    def free(self) -> int:
        """Drop every network that is not in use, and return how many bytes that gave back: ``evict_unleased``."""
        return self.evict_unleased()

    def ledger(self) -> Ledger:
        """Return what the pool holds, most recently used first."""
        now = time.monotonic()
        with self._changed:
            entries = sorted(self._entries.values(), key=lambda each: each.used, reverse=True)
            rows = tuple(_row(entry, now) for entry in entries if entry.module is not None)
            return Ledger(str(self.device), self.limit_bytes, self._used_bytes(), rows)

    @contextmanager
    def _hold(self, key: Key) -> Iterator[nn.Module]:
        entry, module = self._acquire(key)
        try:
            yield module
        finally:
            with self._changed:
                entry.leases -= 1
                self._touch(entry)

    def _acquire(self, key: Key) -> tuple[_Entry, nn.Module]:
        """Return the entry of a key, leased once more, and its module: found, waited for, or built."""
        with self._changed:
            while (entry := self._entries.get(key)) is not None:
                if entry.module is not None:
                    entry.leases += 1
                    self._touch(entry)
                    return entry, entry.module
                self._changed.wait()
            entry = self._entries[key] = _Entry(key, leases=1)
            self._touch(entry)
        try:
            module = self._make(entry)
        except BaseException:
            with self._changed:
                del self._entries[key]
                self._changed.notify_all()
            raise
        return entry, module

    def _make(self, entry: _Entry) -> nn.Module:
        """Build the network of an entry, reserving its memory before taking it."""
        patched, dtype = entry.key
        if not patched.patches:
            self._reserve(entry, self._estimate(patched.part, dtype))
            built = self._build(patched.part, dtype)
            if self.device.type != "cpu":
                built = Built(built.module.to(self.device))
            return self._admit(entry, built.module, _addresses(built.module, built.mapped))
        with self._hold((Patched(patched.part), dtype)) as plain:
            changes = find_changes(patched, plain)
            self._reserve(entry, size_of_changes(plain, changes))
            module = patched_copy(plain, changes)
            plain_own = self._entries[Patched(patched.part), dtype].own
            return self._admit(entry, module, _shared_addresses(module, plain, plain_own))

    def _reserve(self, entry: _Entry, needed_bytes: int) -> None:
        """Make room for what an entry will take, evicting others. Raises ``PoolFullError`` where that is not enough."""
        with self._changed:
            self._make_room(needed_bytes, _subject(entry.key[0]))
            entry.own = {-next(self._reservations): needed_bytes}

    def _admit(self, entry: _Entry, module: nn.Module, own: dict[int, int]) -> nn.Module:
        with self._changed:
            entry.own = own
            entry.mapped_bytes = sum(_addresses(module).values()) - sum(own.values())
            if self._used_bytes() > self.limit_bytes:
                self._make_room(0, _subject(entry.key[0]))
            entry.module = module
            self._changed.notify_all()
        return module

    @contextmanager
    def _working(self, needed_bytes: int) -> Iterator[None]:
        with self._changed:
            self._make_room(needed_bytes, "working memory")
            self._working_bytes += needed_bytes
        try:
            yield
        finally:
            with self._changed:
                self._working_bytes -= needed_bytes

    def _make_room(self, needed_bytes: int, subject: str) -> None:
        self._evict_for(needed_bytes)
        used_bytes = self._used_bytes()
        if needed_bytes > self.limit_bytes:
            raise PoolFullError(
                f"{subject} needs {readable(needed_bytes)}, more than the {readable(self.limit_bytes)} that models may "
                f"take on {self.device} in all. Use a smaller picture or model, or set nb.pool.limit_bytes higher."
            )
        if used_bytes + needed_bytes > self.limit_bytes:
            raise PoolFullError(
                f"{subject} needs {readable(needed_bytes)}, but {readable(used_bytes)} of the "
                f"{readable(self.limit_bytes)} that models may take on {self.device} are in use at this moment. "
                "Use fewer models at once or a smaller picture, or set nb.pool.limit_bytes higher."
            )

    def _evict_for(self, needed_bytes: int) -> None:
        limit_bytes = self.limit_bytes - self._working_bytes
        evicted = choose_evictions(self._residents(), needed_bytes=needed_bytes, limit_bytes=limit_bytes)
        self._drop(evicted)  # type: ignore[arg-type]  # residents' keys are entries' keys

    def _residents(self) -> list[Resident]:
        return [Resident(each.key, each.own, each.leases > 0, each.used) for each in self._entries.values()]

    def _used_bytes(self) -> int:
        return total_bytes(self._residents()) + self._working_bytes

    def _touch(self, entry: _Entry) -> None:
        entry.used = next(self._clock)
        entry.used_at_s = time.monotonic()

    def _drop(self, keys: Sequence[Key]) -> None:
        """Let networks go that nobody leases, and their memory at once."""
        for key in keys:
            module = self._entries.pop(key).module
            if module is not None:
                _empty(module)
        if keys and self.device.type == "cuda":
            torch.cuda.empty_cache()


def default_limit_bytes(device: torch.device) -> int:
    """Return the share of a device's memory that models may take."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
    else:
        total = min(psutil.virtual_memory().total, _container_limit_bytes())
    return int(total * MEMORY_SHARE)


def _container_limit_bytes() -> float:
    """Return what a container allows (cgroup v2), infinite where it states nothing: psutil sees only the machine."""
    try:
        stated = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return math.inf
    return int(stated) if stated.isdecimal() else math.inf


def _addresses(module: nn.Module, mapped: frozenset[str] = frozenset()) -> dict[int, int]:
    """Return address -> bytes of a network's tensors, without those named in ``mapped``."""
    state = module.state_dict(keep_vars=True)
    return {tensor.data_ptr(): tensor.nbytes for name, tensor in state.items() if name not in mapped and tensor.nbytes}


def _shared_addresses(module: nn.Module, plain: nn.Module, plain_own: dict[int, int]) -> dict[int, int]:
    """Return the same of a patched copy: a tensor that it shares is its own where it is the plain network's own."""
    of_plain = _addresses(plain)
    return {
        address: size_bytes
        for address, size_bytes in _addresses(module).items()
        if address not in of_plain or address in plain_own
    }


def _empty(module: nn.Module) -> None:
    """Take a network's tensors away: some of diffusers' refer to themselves, so that they would stay for a while."""
    for part in module.modules():
        part._parameters.clear()  # noqa: SLF001 -- assigning None to each takes many times as long
        part._buffers.clear()  # noqa: SLF001


def _subject(patched: Patched) -> str:
    return f"The {patched.part.name} of {patched.part.file.path.name}"


def _row(entry: _Entry, now_s: float) -> LedgerRow:
    patched, dtype = entry.key
    return LedgerRow(
        file=patched.part.file.path.name,
        part=patched.part.name,
        dtype=str(dtype).removeprefix("torch."),
        size_bytes=sum(entry.own.values()),
        mapped_bytes=entry.mapped_bytes,
        leases=entry.leases,
        idle_s=0.0 if entry.leases else now_s - entry.used_at_s,
        patches=len(patched.patches),
    )
