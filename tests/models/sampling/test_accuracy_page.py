"""docs/sampling-accuracy.md lists all there is, and is what the tool writes."""

from __future__ import annotations

import re

import pytest

from nodebook.models.sampling.registry import SAMPLERS
from nodebook.models.sampling.schedulers import SCHEDULERS
from tests.golden_data import needs_golden
from tests.golden_graph import LOOSER
from tools import accuracy
from tools.recorded_runs import Pair, Runs

ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\S+) \| ([\d.]+)% \|$", re.MULTILINE)
LOOSE_ROWS = {"dpm_adaptive", "custom"}
"""Rows that hold a case of which the tests allow more than its tolerance."""


def rows(title: str) -> dict[str, tuple[str, ...]]:
    """Return the figures of a table of the page, by the names of its rows."""
    section = accuracy.PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    return {name: figures for name, *figures in ROW.findall(section)}


def test_the_page_lists_every_scheduler_and_sampler() -> None:
    assert list(rows("Schedulers")) == list(SCHEDULERS)
    assert list(rows("Samplers in closed form")) == list(SAMPLERS)
    assert list(rows("Samplers with networks")) == list(SAMPLERS)


def test_what_the_page_lists_is_within_its_tolerance() -> None:
    for name, count, deviation, share in ROW.findall(accuracy.PAGE.read_text()):
        assert int(count) > 0
        assert float(deviation) >= 0
        assert float(share) <= 100 * (max(LOOSER.values()) if name in LOOSE_ROWS else 1), name


@needs_golden
def test_the_page_lists_every_kind_of_case() -> None:
    assert list(rows("Kinds of cases")) == Runs().kinds()


@needs_golden
def test_the_page_is_what_the_tool_writes_but_for_figures() -> None:
    assert ROW.sub(r"| \1 | \2 |", accuracy.PAGE.read_text()) == accuracy.page(measured=False)


@needs_golden
def test_the_figures_are_measured() -> None:
    kinds = accuracy.sections(Runs())[-1]
    quick = [row for row in kinds.rows if row.name in {"tokens", "model_sampling", "preview", "scheduler_nodes"}]
    assert len(quick) == 4
    for row in quick:
        pairs = list(row.measure())
        assert len(pairs) == row.arrays
        assert all(pair.share <= 1 for pair in pairs)


def test_a_row_tells_the_largest_of_each() -> None:
    row = accuracy.Row("it", 2, lambda: [Pair(2.0, 4.0), Pair(1.0, 1.0)])
    assert row.text(measured=True) == "| it | 2 | 2.0e+00 | 100.0% |"
    assert row.text(measured=False) == "| it | 2 |"


def test_a_share_is_of_the_tolerance() -> None:
    assert [Pair(2.0, 4.0).share, Pair(0.0, 0.0).share, Pair(1.0, 0.0).share] == [0.5, 0.0, float("inf")]


def test_without_recordings_there_is_nothing_to_write(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "NUMERICS", accuracy.PAGE)
    monkeypatch.setattr("sys.argv", ["accuracy", "--write"])
    assert accuracy.main() == 1
    assert "nothing to compare" in capsys.readouterr().err
