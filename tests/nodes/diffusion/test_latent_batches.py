from __future__ import annotations

import pytest
import torch

from nodebook.engine.items import Items
from nodebook.models.errors import LatentError
from nodebook.models.values import Latent
from nodebook.nodes.diffusion import latent_batches as nodes


def batch(count: int, **others: object) -> Latent:
    return {"samples": torch.arange(float(count)).reshape(-1, 1, 1, 1), **others}  # type: ignore[typeddict-item]  # members of a latent


def test_taking_and_repeating() -> None:
    taken = nodes.latent_from_batch(batch(4), 1, 2)
    assert taken["samples"].flatten().tolist() == [1, 2]
    assert nodes.repeat_latent_batch(taken, 2)["batch_index"] == [1, 2, 3, 4]


def test_an_absurd_repetition_is_refused() -> None:
    with pytest.raises(LatentError, match=r"RepeatLatentBatch would make .*smaller size or batch"):
        nodes.repeat_latent_batch({"samples": torch.zeros(1, 1, 1, 1).expand(4096, 4, 128, 128)}, 64)


def test_joining() -> None:
    made = nodes.latent_batch(batch(1), batch(2))
    assert made["samples"].flatten().tolist() == [0, 0, 1]
    assert made["batch_index"] == [0, 0, 1]


def test_the_noise_of_a_batch_is_its_own_or_that_of_the_first() -> None:
    given = batch(3, batch_index=[5, 6, 7])
    assert "batch_index" not in nodes.latent_batch_seed_behavior(given, "random")
    assert nodes.latent_batch_seed_behavior(given, "fixed")["batch_index"] == [5, 5, 5]
    assert nodes.latent_batch_seed_behavior(batch(2), "fixed")["batch_index"] == [0, 0]
    assert given["batch_index"] == [5, 6, 7]


def test_regrouping() -> None:
    made = nodes.rebatch_latents(Items([batch(3), batch(2)]), Items([4]))
    assert isinstance(made, Items)
    assert [each["samples"].flatten().tolist() for each in made] == [[0, 1, 2, 0], [1]]


def test_replacing_frames() -> None:
    video: Latent = {"samples": torch.zeros(1, 1, 3, 1, 1), "batch_index": [2]}
    frames: Latent = {"samples": torch.ones(1, 1, 1, 1, 1)}
    assert nodes.replace_video_latent_frames(video, 1) is video
    made = nodes.replace_video_latent_frames(video, -1, frames)
    assert made["samples"].flatten().tolist() == [0, 0, 1]
    assert made["batch_index"] == [2]
