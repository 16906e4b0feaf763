from __future__ import annotations

import pytest
import torch

from nodebook.models.errors import BrokenModelError
from nodebook.models.vae.tiny import build_tiny, tiny_keys
from tests.models.vae.support import tiny_file, tiny_vae


@pytest.mark.parametrize("channels", [4, 16])
def test_a_decoders_file_gives_its_pictures(channels: int) -> None:
    network = tiny_vae(channels)
    built = build_tiny(tiny_file(network, "decoder"))
    latent = torch.randn(1, channels, 5, 4)
    with torch.no_grad():
        assert torch.equal(built.decode(latent).sample, network.decode(latent).sample)


def test_an_encoders_file_gives_its_latents() -> None:
    network = tiny_vae()
    built = build_tiny(tiny_file(network, "encoder"), half="encoder")
    colours = torch.rand(1, 3, 32, 24) * 2 - 1
    with torch.no_grad():
        assert torch.equal(built.encode(colours).latents, network.encode(colours).latents)


def test_a_merged_file_has_both_halves_and_its_scale_is_left_out() -> None:
    network = tiny_vae()
    merged = {"vae_scale": torch.tensor(0.18215), "vae_shift": torch.tensor(0.0)}
    for half in ("encoder", "decoder"):
        merged |= {f"taesd_{half}.{name}": value for name, value in tiny_file(network, half).items()}
    built = build_tiny(merged)
    assert all(torch.equal(value, built.state_dict()[name]) for name, value in network.state_dict().items())


def test_names_are_counted_from_the_decoders_clamp() -> None:
    assert tiny_keys({"1.weight": 0, "3.conv.0.bias": 0, "vae_scale": 0}) == {
        "1.weight": "decoder.layers.0.weight",
        "3.conv.0.bias": "decoder.layers.2.conv.0.bias",
    }
    assert tiny_keys({"0.weight": 0}, half="encoder") == {"0.weight": "encoder.layers.0.weight"}


def test_the_dtype_is_the_wanted_one_and_nothing_is_trained() -> None:
    built = build_tiny(tiny_file(tiny_vae(), "decoder"), dtype=torch.float16)
    assert {each.dtype for each in built.parameters()} == {torch.float16}
    assert not any(each.requires_grad for each in built.parameters())
    assert not built.training


def test_another_file_is_refused() -> None:
    with pytest.raises(BrokenModelError, match=r"no TAESD file: expected a tensor '1.weight'.*got model.weight"):
        build_tiny({"model.weight": torch.zeros(3)})


def test_a_cut_file_is_refused() -> None:
    tensors = tiny_file(tiny_vae(), "decoder")
    del tensors["3.conv.0.weight"]
    with pytest.raises(BrokenModelError, match=r"1 of \d+ tensors are missing.*decoder.layers.2.conv.0.weight"):
        build_tiny(tensors)
