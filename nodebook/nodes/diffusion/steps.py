"""What a sampling node shows while it works: progress, and pictures of what the sampler has so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from PIL import Image as PILImage

from nodebook.engine.context import current_node, preview, progress
from nodebook.models.handles import ModelHandle
from nodebook.models.sampling.step import Step, StepHook
from nodebook.nodes.diffusion.previewing import Draw, Previews

PREVIEW_SHARE = 0.005
"""How much of a run's time previews may take."""

SLOWEST_S = 0.1
"""Where previews are dear, one is shown this often all the same: pictures are seen to form in half a second."""

MOST_SHARE = 0.1
"""How much of a run's time they may take for that: a TAESD on a processor takes as long as some networks' steps."""

LEAST_PICTURES = 6
"""A run of quick steps shows so many all the same, if their share allows: its picture is seen to form."""


@contextmanager
def shown_steps(model: ModelHandle, previews: Previews, show: Callable[[Any], None] = preview) -> Iterator[StepHook]:
    """Give what a sampler calls in each step: it reports progress, shows a preview, and raises ``Cancelled``.

    Outside a run nothing is drawn.
    """
    if current_node.get() is None:
        yield _shown_steps(None, show)
        return
    with previews.leased(model.latent_format) as draw:
        yield _shown_steps(draw, show)


def pause_s(took_s: float) -> float:
    """Return how long no preview is drawn after one that took so long."""
    return max(min(SLOWEST_S, took_s / PREVIEW_SHARE), took_s / MOST_SHARE)


def _shown_steps(draw: Draw | None, show: Callable[[Any], None]) -> StepHook:
    due_s = least_due_s = 0.0

    def on_step(step: Step) -> None:
        nonlocal due_s, least_due_s
        progress(step.index + 1, step.total)
        if draw is None:
            return
        start_s = perf_counter()
        is_last = step.index + 1 == step.total
        is_one_of_few = (step.index + 1) % max(1, step.total // LEAST_PICTURES) == 0 and start_s >= least_due_s
        if start_s < due_s and not is_one_of_few and not is_last:
            return
        picture = draw(step.denoised)
        if picture is not None:
            show(PILImage.fromarray(picture))
        end_s = perf_counter()
        due_s = end_s + pause_s(end_s - start_s)
        least_due_s = end_s + (end_s - start_s) / MOST_SHARE

    return on_step
