"""Prints how far schedulers and samplers are from recorded numbers: the tables of docs/sampling-accuracy.md.

``python -m tools.accuracy`` prints the page; with ``--write`` it is written. The recorded numbers are not part of the
repository; without them there is nothing to compare.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodebook.models.sampling.registry import SAMPLERS
from nodebook.models.sampling.schedulers import SCHEDULERS
from tests.golden_data import NUMERICS, array, deviation, recorded
from tests.models.sampling.analytic import sampled
from tests.models.sampling.graphs import NOT_BUILT, run

if TYPE_CHECKING:
    from torch import Tensor

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sampling-accuracy.md"

HEAD = """# How accurate sampling is

Each scheduler and sampler beside numbers that ComfyUI 0.8.0 computed on a CPU, in float32. A deviation is the largest
absolute difference of any element in any recorded case; beside it, what share it is of the tolerance that was recorded
with that case (ten times its own numeric noise, at least 2e-5 of the largest value, 2e-6 for noise levels). Written by
`python -m tools.accuracy --write`.
"""

Pairs = Iterator[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """What all cases of one name come to."""

    name: str
    cases: int
    deviation: float
    share: float
    """Of the tolerance, in the case where that is largest."""

    @classmethod
    def of(cls, name: str, pairs: Iterable[tuple[float, float]]) -> Row:
        """Return the row of (deviation, tolerance) pairs."""
        found = list(pairs)
        shares = [each / tolerance for each, tolerance in found]
        return cls(name, len(found), max((each for each, _ in found), default=0.0), max(shares, default=0.0))


def main() -> int:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/sampling-accuracy.md")
    options = parser.parse_args()
    if not NUMERICS.is_dir():
        print("The recorded numbers are not here: nothing to compare.", file=sys.stderr)
        return 1
    page = "\n".join([HEAD, *_tables()]) + "\n"
    if options.write:
        PAGE.write_text(page)
    else:
        print(page, end="")
    return 0


def _tables() -> Iterator[str]:
    yield "## Schedulers\n"
    yield "Of five model samplings (eps, v, zero terminal SNR, SD3's flow, Flux), 4 and 20 steps, all and half.\n"
    yield _table(Row.of(name, _scheduler(name)) for name in SCHEDULERS)
    yield "\n## Nodes of noise levels\n"
    yield _table(Row.of(name, pairs) for name, pairs in _level_nodes())
    missing = ", ".join(sorted(NOT_BUILT))
    yield f"\nRecorded, but not built, because no openly licensed source at hand gives their tables: {missing}.\n"
    yield "## Samplers\n\nOn a model in closed form, so that nothing but the sampler is compared; 6 steps, CFG 3.\n"
    yield _table(Row.of(name, _sampler(name)) for name in SAMPLERS)


def _scheduler(name: str) -> Pairs:
    for case in _cases("scheduler"):
        if case["id"].endswith(f"/{name}"):
            for output in case["outputs"]:
                yield _beside(case, output, _output(case, output))


def _level_nodes() -> Iterator[tuple[str, Pairs]]:
    for case in _cases("scheduler_nodes"):
        for output in case["outputs"]:
            if output not in NOT_BUILT:
                yield output, iter([_beside(case, output, _output(case, output))])


def _sampler(name: str) -> Pairs:
    for case in _cases("sampler_analytic"):
        if case["summary"]["sampler"] == name:
            yield _beside(case, "latent", sampled(case)[0])


def _cases(kind: str) -> list[dict[str, Any]]:
    return [case for case in recorded()["cases"] if case["kind"] == kind]


def _output(case: dict[str, Any], output: str) -> Tensor:
    node_id, slot = case["outputs"][output]
    found: Tensor = run(case["graph"], (node_id, slot))
    return found


def _beside(case: dict[str, Any], output: str, found: Tensor) -> tuple[float, float]:
    entry = case["arrays"][output]
    return deviation(found, array(entry["array"])), entry["tol_abs"]


def _table(rows: Iterable[Row]) -> str:
    lines = ["| name | arrays | largest deviation | of the tolerance |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.cases} | {row.deviation:.1e} | {row.share:.1%} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
