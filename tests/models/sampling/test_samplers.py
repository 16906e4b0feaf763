from __future__ import annotations

from typing import Any

import pytest

from tests.golden_data import cases, expect_close, needs_golden
from tests.models.sampling.analytic import sampled


@needs_golden
@pytest.mark.parametrize("case", cases("sampler_analytic"))
def test_a_sampler_gives_the_recorded_latents(case: dict[str, Any]) -> None:
    latent, denoiser = sampled(case)
    expect_close(case, "latent", latent)
    assert denoiser.calls == case["denoiser_calls"]
