from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.nn import functional

from nodebook.engine.context import NodeContext, current_node
from nodebook.errors import Cancelled
from nodebook.models.errors import LatentError
from nodebook.models.families.vae import read_kl
from nodebook.models.files import read_index, weights_file
from nodebook.models.handles import Part, Patched, VaeHandle
from nodebook.models.latents import LatentFormat
from nodebook.models.load import load_tiny_vae
from nodebook.models.pool import Pool
from nodebook.nodes.diffusion import vae as nodes
from tests.models.vae.support import RATIO, codec, small_vae, tiny_file, tiny_vae

torch.set_num_threads(1)

SD3_LIKE = LatentFormat("like SD3", channels=4, scale=2.0, shift=0.5)


@pytest.fixture(scope="module")
def handle(tmp_path_factory: pytest.TempPathFactory) -> VaeHandle:
    path: Path = tmp_path_factory.mktemp("vae") / "small.safetensors"
    save_file(small_vae().state_dict(), path)
    return VaeHandle(Patched(Part(weights_file(path), "vae", read_kl(read_index(path), ""))))


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@pytest.fixture(scope="module")
def network() -> Any:
    return small_vae()


def test_nodes_do_what_the_network_does(handle: VaeHandle, pool: Pool, network: Any) -> None:
    pixels = torch.rand(1, 17, 30, 3)
    latent = nodes.vae_encode(pixels, handle, pool=pool)
    assert list(latent) == ["samples"]
    assert torch.equal(latent["samples"], codec(network).encode(pixels))
    assert torch.equal(nodes.vae_decode(latent, handle, pool=pool), codec(network).decode(latent["samples"]))


def test_tiles_are_counted_in_pixels_and_overlap_by_a_quarter_at_most(
    handle: VaeHandle, pool: Pool, network: Any
) -> None:
    samples = torch.randn(1, 4, 20, 24)
    made = nodes.vae_decode_tiled({"samples": samples}, handle, tile_size=64, overlap=64, pool=pool)
    assert torch.equal(made, codec(network).decode_tiled(samples, 64 // RATIO, 16 // RATIO))
    pixels = torch.rand(1, 80, 100, 3)
    encoded = nodes.vae_encode_tiled(pixels, handle, tile_size=64, overlap=64, pool=pool)["samples"]
    assert torch.equal(encoded, codec(network).encode_tiled(pixels, 64, 16))


def test_a_grey_mask_is_encoded_and_the_grown_one_is_kept(handle: VaeHandle, pool: Pool, network: Any) -> None:
    pixels = torch.rand(2, 17, 26, 4)
    mask = torch.zeros(1, 17, 26)
    mask[:, 5:9, 9:14] = 0.8
    made = nodes.vae_encode_for_inpaint(pixels, handle, mask, 3, pool=pool)
    grey = pixels[..., :3].clone()
    grey[:, 5:9, 9:14] = 0.5
    torch.testing.assert_close(made["samples"], codec(network).encode(grey))
    assert made["noise_mask"].shape == (1, 1, 16, 24)
    # cut by one column at the left, then grown by one pixel on each side
    assert made["noise_mask"][0, 0].nonzero().amin(dim=0).tolist() == [4, 7]
    assert made["noise_mask"][0, 0].nonzero().amax(dim=0).tolist() == [9, 13]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), by=st.integers(0, 64), height=st.integers(1, 30), width=st.integers(1, 30))
def test_growing_is_a_box_that_slides_over_the_mask(seed: int, by: int, height: int, width: int) -> None:
    mask = (torch.rand(2, height, width, generator=torch.Generator().manual_seed(seed)) > 0.95).float()
    if by == 0:
        assert torch.equal(nodes.grow(mask, by), mask)
        return
    boxes = functional.conv2d(mask[:, None], torch.ones(1, 1, by, by), padding=by // 2).clamp(0, 1)
    assert torch.equal(nodes.grow(mask, by), boxes[:, 0, :height, :width])


def test_a_tiny_vae_takes_latents_of_the_vaes_scale(tmp_path: Path, pool: Pool) -> None:
    reference = tiny_vae()
    paths = {half: tmp_path / f"taesd_{half}.safetensors" for half in ("encoder", "decoder")}
    for half, path in paths.items():
        save_file(tiny_file(reference, half), path)
    tiny = load_tiny_vae(paths["encoder"], paths["decoder"], SD3_LIKE)
    latent, pixels = torch.randn(1, 4, 3, 5), torch.rand(1, 16, 24, 3)
    with torch.no_grad():
        picture = (reference.decode((latent - 0.5) * 2).sample.movedim(1, -1) + 1) / 2
        coded = reference.encode(pixels.movedim(-1, 1) * 2 - 1).latents / 2 + 0.5
    torch.testing.assert_close(nodes.vae_decode({"samples": latent}, tiny, pool=pool), picture.clamp(0, 1))
    torch.testing.assert_close(nodes.vae_encode(pixels, tiny, pool=pool)["samples"], coded)


def test_a_cancelled_run_stops_between_tiles(handle: VaeHandle, pool: Pool) -> None:
    cancelled, seen = Event(), []

    def on_progress(_node: str, value: float, maximum: float) -> None:
        seen.append((value, maximum))
        cancelled.set()

    token = current_node.set(NodeContext("1", cancelled, on_progress, lambda *_: None))
    try:
        with pytest.raises(Cancelled):
            nodes.vae_decode_tiled({"samples": torch.randn(1, 4, 40, 40)}, handle, 64, 0, pool=pool)
    finally:
        current_node.reset(token)
    assert len(seen) == 1
    assert seen[0][0] == 1


def test_what_is_wrong_is_said_of_the_input(handle: VaeHandle, pool: Pool) -> None:
    with pytest.raises(LatentError, match="Use the VAE of the model") as caught:
        nodes.vae_decode({"samples": torch.zeros(1, 16, 8, 8)}, handle, pool=pool)
    assert caught.value.__notes__ == ["nodebook-input: samples"]
    with pytest.raises(LatentError, match="Scale the picture first") as caught:
        nodes.vae_encode(torch.zeros(1, 2, 2, 3), handle, pool=pool)
    assert caught.value.__notes__ == ["nodebook-input: pixels"]


def test_failed_runs_leave_no_lease(handle: VaeHandle, pool: Pool) -> None:
    for _ in range(3):
        with pytest.raises(LatentError, match="decodes latents"):
            nodes.vae_decode({"samples": torch.zeros(1, 3, 8, 8)}, handle, pool=pool)
    assert {row.leases for row in pool.ledger().rows} == {0}


def test_free_memory_is_a_number_of_bytes() -> None:
    assert nodes.free_bytes(torch.device("cpu")) > 2**20
