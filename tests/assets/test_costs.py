from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.assets.costs import Cost, Sample, blend
from tests.assets.storing import open_folder


def test_costs_are_kept_by_type_and_code(tmp_path: Path) -> None:
    with closing(open_folder(tmp_path)) as disk:
        disk.costs.record([Sample("Blur", b"a", 1.0, 100, 300), Sample("Blur", b"b", 9.0)])
        disk.costs.record([Sample("Blur", b"a", 3.0, 300, 200), Sample("Blur", b"a", 2.0, 200, 200)])
        disk.costs.record([])
    with closing(open_folder(tmp_path)) as disk:
        costs = disk.costs.load()
    assert costs["Blur", b"a"].count == 3
    assert costs["Blur", b"a"].seconds == pytest.approx(2.0)
    assert costs["Blur", b"a"].result_bytes == pytest.approx(200)
    assert costs["Blur", b"a"].peak_bytes >= 200
    assert costs["Blur", b"b"].seconds == 9.0
    assert costs["Blur", b"b"].used > 1e9


def test_the_oldest_costs_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodebook.assets.costs._MAX_ROWS", 3)
    with closing(open_folder(tmp_path)) as disk:
        for number in range(6):
            disk.costs.record([Sample(f"N{number}", b"", 1.0)])
        assert [name for name, _ in sorted(disk.costs.load())][-3:] == ["N3", "N4", "N5"]
        assert len(disk.costs.load()) <= 4


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_a_blend_lies_between_the_extremes(seconds: list[float]) -> None:
    cost: Cost | None = None
    for each in seconds:
        cost = blend(cost, Sample("a", b"", each), 1.0)
    assert cost is not None
    assert cost.count == len(seconds)
    assert min(seconds) - 1e-6 <= cost.seconds <= max(seconds) + 1e-6


def test_new_costs_win_over_old_ones_within_seven_runs() -> None:
    cost: Cost | None = None
    for each in [10.0] * 50 + [1.0] * 7:
        cost = blend(cost, Sample("a", b"", each), 1.0)
    assert cost is not None
    assert cost.seconds < 2.0
