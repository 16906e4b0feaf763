"""What a sampling node shows while it works: progress, and pictures of what the sampler has so far."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PIL import Image as PILImage

from nodebook.engine.context import current_node, preview, progress
from nodebook.models.handles import ModelHandle
from nodebook.models.previews import previewer
from nodebook.models.sampling.step import Step, StepHook

PREVIEW_SHARE = 0.01
"""How much of a run's time previews may take."""

SLOWEST_S = 0.25
"""Where previews are dear, one is shown this often all the same."""


def shown_steps(model: ModelHandle, show: Callable[[Any], None] = preview) -> StepHook:
    """Return what a sampler calls in each step: it reports progress, shows a preview, and raises ``Cancelled``.

    Outside a run nothing is drawn.
    """
    draw = previewer(model.latent_format) if current_node.get() is not None else None
    due_s = 0.0

    def on_step(step: Step) -> None:
        nonlocal due_s
        progress(step.index + 1, step.total)
        start_s = perf_counter()
        if draw is None or start_s < due_s:
            return
        show(PILImage.fromarray(draw(step.denoised).numpy()))
        end_s = perf_counter()
        due_s = end_s + min(SLOWEST_S, (end_s - start_s) / PREVIEW_SHARE)

    return on_step
