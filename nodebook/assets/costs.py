"""What nodes cost in earlier runs: by node type and code, kept in the cache's database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import time

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from nodebook.assets.database import costs, reader

_WEIGHT = 0.3
"""How much the newest of many runs counts: after seven runs, nine tenths are recent."""

_MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Sample:
    """What one execution cost. ``code`` is the digest of the node's code; bytes are of the results, and at the peak."""

    node: str
    code: bytes
    seconds: float
    result_bytes: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What executions cost so far, the newest counting most. ``used`` is in seconds since 1970."""

    count: int
    seconds: float
    result_bytes: float
    peak_bytes: float
    used: float


def blend(before: Cost | None, sample: Sample, now: float) -> Cost:
    """Return the cost with one more execution in it: a plain mean at first, then an exponentially weighted one."""
    if before is None:
        return Cost(1, sample.seconds, sample.result_bytes, sample.peak_bytes, now)
    weight = max(_WEIGHT, 1 / (before.count + 1))

    def mix(old: float, new: float) -> float:
        return old + weight * (new - old)

    return Cost(
        before.count + 1,
        mix(before.seconds, sample.seconds),
        mix(before.result_bytes, sample.result_bytes),
        max(sample.peak_bytes, mix(before.peak_bytes, sample.peak_bytes)),
        now,
    )


class CostBook:
    """Costs by (node type, code digest)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, batch: Iterable[Sample]) -> None:
        """Add what a run cost, in one transaction. Raises ``sqlalchemy.exc.DBAPIError`` where that cannot be."""
        samples = list(batch)
        if not samples:
            return
        now = time()
        wanted = dict.fromkeys((sample.node, sample.code) for sample in samples)
        with self._engine.begin() as connection:
            blended = {}
            for node, code in wanted:
                query = select(costs).where(costs.c.node == node, costs.c.code == code)
                found = connection.execute(query).first()
                if found is not None:
                    blended[node, code] = Cost(*found[2:])
            for sample in samples:
                key = sample.node, sample.code
                blended[key] = blend(blended.get(key), sample, now)
            rows = [{"node": node, "code": code, **_members(cost)} for (node, code), cost in blended.items()]
            statement = insert(costs)
            changed = {name: statement.excluded[name] for name in _members(next(iter(blended.values())))}
            connection.execute(statement.on_conflict_do_update(["node", "code"], set_=changed), rows)
            query_old = "DELETE FROM costs WHERE used < (SELECT used FROM costs ORDER BY used DESC LIMIT 1 OFFSET ?)"
            connection.exec_driver_sql(query_old, (_MAX_ROWS,))

    def load(self) -> Mapping[tuple[str, bytes], Cost]:
        """Return all costs."""
        with reader(self._engine) as connection:
            rows = connection.execute(select(costs)).all()
        return {(row[0], row[1]): Cost(*row[2:]) for row in rows}


def _members(cost: Cost) -> dict[str, float]:
    return {
        "count": cost.count,
        "seconds": cost.seconds,
        "result_bytes": cost.result_bytes,
        "peak_bytes": cost.peak_bytes,
        "used": cost.used,
    }
