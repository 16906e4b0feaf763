from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nodebook.models.folders import ModelFolders
from nodebook.models.latents import SD1, SDXL
from nodebook.models.pool import Pool
from nodebook.models.previews import previewer
from nodebook.nodes.diffusion.previewing import PreviewMethod, leased_previewer
from tests.models.vae.support import tiny_file, tiny_vae

torch.set_num_threads(1)


@pytest.fixture
def reference() -> Any:
    return tiny_vae()


@pytest.fixture
def folders(tmp_path: Path, reference: Any) -> ModelFolders:
    (tmp_path / "vae_approx").mkdir()
    save_file(tiny_file(reference, "decoder"), tmp_path / "vae_approx" / "taesd_decoder.safetensors")
    return ModelFolders([tmp_path], own=None)


def test_a_taesd_draws_while_it_is_leased(folders: ModelFolders, reference: Any) -> None:
    pool, latent = Pool(), torch.randn(1, 4, 6, 5)
    expected = previewer(SD1, reference)
    with leased_previewer(SD1, "taesd", pool=pool, folders=folders) as draw:
        assert draw is not None
        assert expected is not None
        assert torch.equal(draw(latent), expected(latent))
        assert [row.leases for row in pool.ledger().rows] == [1]
    assert [row.leases for row in pool.ledger().rows] == [0]


@pytest.mark.parametrize(("latent_format", "method"), [(SDXL, "taesd"), (SD1, "auto"), (SD1, "latent2rgb")])
def test_without_a_taesd_the_linear_fit_draws(folders: ModelFolders, latent_format: Any, method: PreviewMethod) -> None:
    latent = torch.randn(1, 4, 6, 5)
    expected = previewer(latent_format)
    with leased_previewer(latent_format, method, pool=Pool(), folders=folders) as draw:
        assert draw is not None
        assert expected is not None
        assert torch.equal(draw(latent), expected(latent))


def test_no_previews_where_none_are_wanted(folders: ModelFolders) -> None:
    with leased_previewer(SD1, "none", pool=Pool(), folders=folders) as draw:
        assert draw is None
