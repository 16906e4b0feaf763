"""Prints how far this package is from recorded numbers: the tables of docs/sampling-accuracy.md.

``python -m tools.accuracy`` prints the page; with ``--write`` it is written. It runs every recorded graph, networks and
all, which takes a minute or two. The recorded numbers are not part of the repository; without them there is nothing to
compare.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nodebook.models.sampling.registry import SAMPLERS
from nodebook.models.sampling.schedulers import SCHEDULERS
from tests.golden_data import NUMERICS
from tests.golden_graph import LOOSER
from tools.recorded_runs import Pair, Runs, Wanted

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sampling-accuracy.md"

HEAD = """# How accurate sampling is

Everything beside numbers that ComfyUI 0.8.0 computed on a CPU, in float32. A deviation is the largest absolute
difference of any element in any recorded case; beside it, what share it is of the tolerance that was recorded with that
case (ten times its own numeric noise, at least 2e-5 of the largest value, 2e-6 for noise levels). Arrays of whole
numbers (indices, colours) must be equal. Written by `python -m tools.accuracy --write`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What all recorded arrays of one name come to; they are computed only when they are measured."""

    name: str
    arrays: int
    measure: Callable[[], Iterable[Pair]]

    def text(self, *, measured: bool) -> str:
        """Return the row of the table, with or without the columns that are measured."""
        if not measured:
            return f"| {self.name} | {self.arrays} |"
        pairs = list(self.measure())
        deviation = max((each.deviation for each in pairs), default=0.0)
        share = max((each.share for each in pairs), default=0.0)
        return f"| {self.name} | {self.arrays} | {deviation:.1e} | {share:.1%} |"


@dataclass(frozen=True, slots=True)
class Section:
    """A table under its heading."""

    title: str
    words: str
    rows: tuple[Row, ...]

    def text(self, *, measured: bool) -> str:
        """Return the section."""
        lines = ["| name | arrays | largest deviation | of the tolerance |", "|---|---|---|---|"]
        return "\n".join(
            [f"## {self.title}\n", f"{self.words}\n", *lines, *(each.text(measured=measured) for each in self.rows)]
        )


def main() -> int:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write docs/sampling-accuracy.md")
    options = parser.parse_args()
    if not NUMERICS.is_dir():
        print("The recorded numbers are not here: nothing to compare.", file=sys.stderr)
        return 1
    text = page()
    if options.write:
        PAGE.write_text(text)
    else:
        print(text, end="")
    return 0


def page(*, measured: bool = True) -> str:
    """Return the whole page; without figures where they are not to be measured, which is quick."""
    runs = Runs()
    parts = [HEAD, *(f"{section.text(measured=measured)}\n" for section in sections(runs)), _gaps(runs)]
    return "\n".join(parts)


def sections(runs: Runs) -> list[Section]:
    """Return the tables, nothing in them measured yet."""
    return [
        Section(
            "Schedulers",
            "Of five model samplings (eps, v, zero terminal SNR, SD3's flow, Flux), 4 and 20 steps, all and half.",
            tuple(_row(runs, name, runs.scheduler(name)) for name in SCHEDULERS),
        ),
        Section("Nodes of noise levels", "Each with one set of values.", tuple(_level_nodes(runs))),
        Section(
            "Samplers in closed form",
            "On a model in closed form, so that nothing but the sampler is compared; 6 steps, CFG 3.",
            tuple(_row(runs, name, runs.sampler(name, closed_form=True)) for name in SAMPLERS),
        ),
        Section(
            "Samplers with networks",
            "The same samplers, run by the nodes with small networks of random weights (as SD 1, SDXL and SD 3 have):\n"
            "from noise and from a latent, with and without CFG, eps, v and flow, masks, LoRAs and options.",
            tuple(_row(runs, name, runs.sampler(name, closed_form=False)) for name in SAMPLERS),
        ),
        Section("Kinds of cases", f"{_KINDS}{_looser()}", tuple(_kind(runs, kind) for kind in runs.kinds())),
    ]


_KINDS = (
    "All cases by their kind, what is compared beside samplers too. Of tokens it is counted how many differ in id,\n"
    "weight or word; points of model samplings may differ by one part in a million."
)


def _looser() -> str:
    return "".join(
        f"\n\nThe tests allow {name} {times:g} times its tolerance: its levels depend on the estimates."
        for name, times in LOOSER.items()
    )


def _row(runs: Runs, name: str, wanted: Wanted) -> Row:
    return Row(name, len(wanted), lambda: [runs.pair(case, array) for case, array in wanted])


def _level_nodes(runs: Runs) -> Iterator[Row]:
    for case in runs.cases("scheduler_nodes"):
        for array in runs.arrays(case):
            yield _row(runs, array, [(case, array)])


def _kind(runs: Runs, kind: str) -> Row:
    wanted = [(case, array) for case in runs.cases(kind) for array in runs.arrays(case)]
    return _row(runs, kind, wanted)


def _gaps(runs: Runs) -> str:
    lines = ["## Recorded but not built\n"]
    lines += [f"- `{name}`: {', '.join(places)}" for name, places in sorted(runs.not_built().items())] or ["Nothing."]
    lines += ["\n## Not recorded\n", "Of the names in the menus of ComfyUI's KSampler:\n"]
    for menu, built in (("sampler_name", SAMPLERS), ("scheduler", SCHEDULERS)):
        what, names = f"{menu.removesuffix('_name')}s", runs.menu(menu)
        with_network, anywhere = (
            runs.names_in_cases(menu, closed_form=False),
            runs.names_in_cases(menu, closed_form=True),
        )
        lines.append(f"- {what} that are not built: {_listed(names - built.keys())}")
        lines.append(f"- {what} in no recorded case: {_listed(names - anywhere - with_network)}")
        lines.append(f"- {what} in no recorded case with a network: {_listed(names - with_network)}")
    return "\n".join(lines) + "\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


if __name__ == "__main__":
    sys.exit(main())
