from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nodebook.errors import InputValueError
from nodebook.models.folders import ModelFolders
from nodebook.models.latents import SD1, SDXL
from nodebook.models.pool import Pool
from nodebook.models.preview_options import PREVIEW_METHODS, PreviewMethod, PreviewOptions
from nodebook.models.previews import previewer
from nodebook.nodes.diffusion.previewing import Previews
from tests.models.vae.support import tiny_file, tiny_vae

torch.set_num_threads(1)


@pytest.fixture
def reference() -> Any:
    return tiny_vae()


@pytest.fixture
def folders(tmp_path: Path, reference: Any) -> ModelFolders:
    (tmp_path / "vae_approx").mkdir()
    save_file(tiny_file(reference, "decoder"), decoder_file(tmp_path))
    return ModelFolders([tmp_path], own=None)


def decoder_file(folder: Path) -> Path:
    return folder / "vae_approx" / "taesd_decoder.safetensors"


def drawn(previews: Previews, latent_format: Any, latent: torch.Tensor) -> Any:
    with previews.leased(latent_format) as draw:
        assert draw is not None
        return draw(latent)


def by_fit(latent_format: Any, latent: torch.Tensor) -> Any:
    expected = previewer(latent_format)
    assert expected is not None
    return expected(latent)


@pytest.mark.parametrize("method", ["auto", "taesd"])
def test_a_taesd_draws_while_it_is_leased(folders: ModelFolders, reference: Any, method: PreviewMethod) -> None:
    pool, latent = Pool(), torch.randn(1, 4, 6, 5)
    previews = Previews(pool, folders)
    previews.options = PreviewOptions(method, 40)
    expected = previewer(SD1, reference, max_side_px=40)
    with previews.leased(SD1) as draw:
        assert draw is not None
        assert expected is not None
        picture: Any = draw(latent)
        assert max(picture.shape) == 40
        assert np.array_equal(picture, expected(latent))
        assert [row.leases for row in pool.ledger().rows] == [1]
    assert [row.leases for row in pool.ledger().rows] == [0]


@pytest.mark.parametrize(
    ("latent_format", "method", "warning"),
    [
        (SDXL, "taesd", "put taesdxl_decoder.safetensors into the model folder vae_approx"),
        (replace(SD1, tiny_vae=""), "taesd", "none is known"),
        (SDXL, "auto", ""),
        (SD1, "latent2rgb", ""),
    ],
)
def test_without_a_taesd_the_linear_fit_draws(
    folders: ModelFolders, latent_format: Any, method: PreviewMethod, warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    previews, latent = Previews(Pool(), folders), torch.randn(1, 4, 6, 5)
    previews.method = method
    assert np.array_equal(drawn(previews, latent_format, latent), by_fit(latent_format, latent))
    assert warning in caplog.text
    assert bool(caplog.text) == bool(warning)


def test_no_previews_where_none_are_wanted(folders: ModelFolders) -> None:
    pool = Pool()
    previews = Previews(pool, folders)
    previews.method = "none"
    with previews.leased(SD1) as draw:
        assert draw is None
        assert pool.ledger().rows == ()


def test_a_broken_taesd_fails_no_run(tmp_path: Path, folders: ModelFolders, caplog: pytest.LogCaptureFixture) -> None:
    whole = decoder_file(tmp_path).read_bytes()
    latent = torch.randn(1, 4, 6, 5)
    for broken in (b"", b"no weights", whole[: len(whole) // 2]):
        caplog.clear()
        decoder_file(tmp_path).write_bytes(broken)
        assert np.array_equal(drawn(Previews(Pool(), folders), SD1, latent), by_fit(SD1, latent))
        assert "without a TAESD" in caplog.text


def test_a_taesd_that_fails_while_it_draws_is_told_once(
    folders: ModelFolders, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    latent = torch.randn(1, 4, 6, 5)
    with caplog.at_level(logging.WARNING), Previews(Pool(), folders).leased(SD1) as draw:
        assert draw is not None
        monkeypatch.setattr(nn.Module, "__call__", fail)
        for _ in range(3):
            picture: Any = draw(latent)
            assert np.array_equal(picture, by_fit(SD1, latent))
    assert [each.getMessage() for each in caplog.records] == ["Previews are drawn without a TAESD: CUDA out of memory."]


def test_what_is_set_is_told(folders: ModelFolders) -> None:
    told: list[PreviewOptions] = []
    previews = Previews(Pool(), folders, lambda: told.append(previews.options))
    for method in PREVIEW_METHODS:
        previews.method = method
    previews.size_px = 256
    assert told == [*(PreviewOptions(method, 512) for method in PREVIEW_METHODS), PreviewOptions("none", 256)]
    assert repr(previews) == "<previews method='none' size_px=256>"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("method", "best", "auto, latent2rgb, taesd, none"),
        ("method", None, "None"),
        ("size_px", 0, "16 to 4096, got 0"),
        ("size_px", 512.0, "whole number"),
        ("size_px", True, "True"),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(
    folders: ModelFolders, name: str, value: Any, words: str
) -> None:
    previews = Previews(Pool(), folders)
    with pytest.raises(InputValueError, match=words):
        setattr(previews, name, value)
    assert previews.options == PreviewOptions()
