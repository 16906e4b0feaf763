from __future__ import annotations

import re

import pytest

from nodebook.models.sampling.registry import SAMPLERS
from nodebook.models.sampling.schedulers import SCHEDULERS
from tests.golden_data import needs_golden
from tools import accuracy

ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\S+) \| ([\d.]+)% \|$", re.MULTILINE)


def test_the_page_lists_every_scheduler_and_sampler_within_its_tolerance() -> None:
    page = accuracy.PAGE.read_text()
    samplers = page.split("## Samplers")[1]
    schedulers = page.split("## Nodes")[0]
    assert [name for name, *_ in ROW.findall(samplers)] == list(SAMPLERS)
    assert [name for name, *_ in ROW.findall(schedulers)] == list(SCHEDULERS)
    for _, count, deviation, share in ROW.findall(page):
        assert int(count) > 0
        assert float(deviation) >= 0
        assert float(share) <= 100


@needs_golden
def test_the_page_is_what_the_script_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["accuracy"])
    assert accuracy.main() == 0
    printed = capsys.readouterr().out
    outline = [ROW.sub(r"| \1 | \2 |", text) for text in (printed, accuracy.PAGE.read_text())]
    assert outline[0] == outline[1]
