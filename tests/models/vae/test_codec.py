from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn

from nodebook.models.errors import LatentError, NotANumberError
from nodebook.models.latents import SD1
from nodebook.models.load import load_checkpoint
from nodebook.models.pool import Pool
from nodebook.models.vae.codec import Codec
from tests.golden_data import NUMERICS, array, cases, expect_close, needs_golden
from tests.models.vae.support import PLENTY, RATIO, codec, fail_above, small_vae

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def network() -> Any:
    return small_vae()


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@contextmanager
def recorded_codec(case: dict[str, Any], pool: Pool) -> Iterator[tuple[Codec, torch.Tensor, dict[str, Any]]]:
    """Give the case's VAE, what goes into it, and the settings of the node."""
    nodes = case["graph"].values()
    loader = next(each["inputs"] for each in nodes if each["class_type"] == "CheckpointLoaderSimple")
    source = next(each["inputs"] for each in nodes if each["class_type"].startswith("Golden"))
    settings = next(each["inputs"] for each in nodes if each["class_type"].startswith("VAE"))
    vae = load_checkpoint(NUMERICS / loader["ckpt_name"])[2]
    assert vae is not None
    with pool.lease(vae.network) as (module,):
        yield codec(module), array(source["name"]), settings


@needs_golden
@pytest.mark.parametrize("case", [each for each in cases("vae") if each.id != "vae/decode_tiled"])
def test_pictures_and_latents_are_comfyuis(case: dict[str, Any], pool: Pool) -> None:
    with recorded_codec(case, pool) as (vae, given, _):
        if "latent" in case["arrays"]:
            expect_close(case, "latent", vae.encode(given))
        else:
            expect_close(case, "image", vae.decode(given))


@needs_golden
@pytest.mark.parametrize("case", [each for each in cases("vae") if each.id == "vae/decode_tiled"])
def test_tiles_are_comfyuis(case: dict[str, Any], pool: Pool) -> None:
    with recorded_codec(case, pool) as (vae, given, settings):
        side = settings["tile_size"]
        overlap = min(settings["overlap"], side // 4)
        expect_close(case, "image", vae.decode_tiled(given, side // vae.ratio, overlap // vae.ratio))


def test_what_a_network_is_read_off_it(network: Any) -> None:
    assert (codec(network).channels, codec(network).ratio) == (4, RATIO)


def test_a_round_trip_has_the_shapes_and_range_of_pictures(network: Any) -> None:
    pixels = torch.rand(2, 22, 33, 4)
    latent = codec(network).encode(pixels)
    assert latent.shape == (2, 4, 5, 8)
    pictures = codec(network).decode(latent * 5)
    assert pictures.shape == (2, 20, 32, 3)
    assert pictures.is_contiguous()
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_the_middle_is_encoded_without_alpha(network: Any) -> None:
    pixels = torch.rand(1, 23, 33, 4)
    middle = pixels[:, 1:21, 0:32, :3]
    assert torch.equal(codec(network).encode(pixels), codec(network).encode(middle))


def test_nothing_is_drawn_when_encoding(network: Any) -> None:
    pixels = torch.rand(1, 16, 16, 3)
    assert torch.equal(codec(network).encode(pixels), codec(network).encode(pixels))


def test_batches_by_memory_give_the_same_pictures(network: Any) -> None:
    latent = torch.randn(5, 4, 6, 6)
    seen: list[tuple[int, int]] = []
    one_bytes = int(2178 * 24 * 24 * 4 * 0.5 * 32 / 128)
    two_at_once = codec(network, free_bytes=lambda _device: 2 * one_bytes, on_part=lambda *each: seen.append(each))
    torch.testing.assert_close(two_at_once.decode(latent), codec(network).decode(latent))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_of_a_video_the_first_frame_is_decoded(network: Any) -> None:
    latent = torch.randn(1, 4, 3, 5, 5)
    assert torch.equal(codec(network).decode(latent), codec(network).decode(latent[:, :, 0]))


def test_where_memory_runs_out_tiles_are_decoded() -> None:
    network = small_vae()
    tried = fail_above(network, pixels=64 * 34)
    latent = torch.randn(1, 4, 65, 34)
    made = codec(network).decode(latent)
    assert tried[0] == 65 * 34
    assert max(tried[1:]) == 64 * 34
    assert torch.equal(made, codec(network).decode_tiled(latent, 64, 16))


def test_where_memory_runs_out_tiles_are_encoded() -> None:
    network = small_vae()
    side = 64 * RATIO
    tried = fail_above(network, pixels=side * side)
    made = codec(network).encode(torch.rand(1, side + 4, side, 3))
    assert made.shape == (1, 4, 65, 64)
    assert len(tried) > 3


def test_a_batch_that_does_not_fit_is_decoded_one_by_one() -> None:
    network = small_vae()
    latent = torch.randn(3, 4, 6, 6)
    whole = codec(network).decode(latent)
    tried = fail_above(network, pixels=36)
    torch.testing.assert_close(codec(network).decode(latent), whole)
    assert tried == [3 * 36, 36, 36, 36]


def test_what_is_not_in_use_gives_way_before_tiles_are_tried() -> None:
    network = small_vae()
    latent = torch.randn(1, 4, 6, 6)
    whole = codec(network).decode(latent)
    limit = [10]

    def check(_module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0][:, 0].numel() > limit[0]:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    network.decoder.register_forward_pre_hook(check)

    def give_way() -> int:
        limit[0] = 100
        return 1

    assert torch.equal(codec(network, give_way=give_way).decode(latent), whole)


def test_on_the_cpu_memory_is_not_tried_out(network: Any) -> None:
    latent = torch.randn(1, 4, 65, 34)
    result_bytes = 2 * 260 * 136 * 3 * 4
    seen: list[tuple[int, int]] = []
    short = codec(network, free_bytes=lambda _device: result_bytes, on_part=lambda *each: seen.append(each))
    assert torch.equal(short.decode(latent), codec(network).decode_tiled(latent, 64, 16))
    assert len(seen) > 1


def test_other_errors_of_a_network_are_passed_on() -> None:
    network = small_vae()

    def refuse(_module: Any, _inputs: Any) -> None:
        raise RuntimeError("expected scalar type Half")

    network.decoder.register_forward_pre_hook(refuse)
    with pytest.raises(RuntimeError, match="expected scalar type Half"):
        codec(network).decode(torch.randn(1, 4, 4, 4))


def test_progress_stops_the_work(network: Any) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        codec(network, on_part=stop).decode(torch.randn(1, 4, 4, 4))


@pytest.mark.parametrize("shape", [(1, 16, 8, 8), (4, 8, 8), (0, 4, 8, 8)])
def test_a_latent_of_another_kind_is_refused(network: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(LatentError, match=r"decodes latents of shape \[B, 4, h, w\], got .*Use the VAE of the model"):
        codec(network).decode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (8, 8, 3)])
def test_what_is_no_picture_is_refused(network: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(LatentError, match=r"encodes pictures of shape \[B, H, W, 3\], got"):
        codec(network).encode(torch.zeros(shape))


def test_a_picture_smaller_than_one_element_is_refused(network: Any) -> None:
    with pytest.raises(LatentError, match=r"40 x 3 pixels is too small .* 4 x 4 pixels"):
        codec(network).encode(torch.zeros(1, 3, 40, 3))


def test_an_absurd_size_is_refused_before_anything_is_allocated(network: Any) -> None:
    latent = torch.zeros(1, 1, 1, 1).expand(64, 4, 4096, 4096)
    with pytest.raises(LatentError, match=r"64 x 16384 x 16384 pixels need .* GiB .*Choose a smaller size or batch"):
        codec(network, free_bytes=lambda _device: 2**34).decode(latent)
    pixels = torch.zeros(1, 1, 1, 1).expand(64, 16384, 16384, 3)
    with pytest.raises(LatentError, match="Choose a smaller size or batch"):
        codec(network, free_bytes=lambda _device: 2**34).encode(pixels)


def overflowing(dtype: torch.dtype) -> Any:
    """Return a network whose activations exceed what float16 can hold, as SDXL's decoder does."""
    network = small_vae()
    with torch.no_grad():
        network.decoder.conv_in.weight.mul_(1e5)
    return nn.Module.to(network, dtype)


def test_nan_of_half_precision_is_computed_again_in_float32() -> None:
    latent = torch.randn(1, 4, 4, 4)
    network = overflowing(torch.float16)
    assert network.decode(latent.half()).sample.isnan().any()
    again = codec(network).decode(latent)
    torch.testing.assert_close(again, codec(overflowing(torch.float32)).decode(latent), atol=0.02, rtol=0)
    assert next(network.parameters()).dtype == torch.float16  # the shared network is left as it was


def test_nan_that_stays_is_an_error() -> None:
    network = small_vae(torch.float16)
    with torch.no_grad():
        network.decoder.conv_out.bias.fill_(torch.nan)
    with pytest.raises(NotANumberError, match=r"NaN in half precision and in float32.*use another VAE"):
        codec(network).decode(torch.randn(1, 4, 4, 4))


def test_nan_in_a_latent_is_said_to_come_from_before(network: Any) -> None:
    latent = torch.zeros(1, 4, 4, 4)
    latent[0, 1, 2, 3] = torch.nan
    with pytest.raises(NotANumberError, match=r"holds NaN \(1 of 64 values\).*Look at the node that made it"):
        codec(network).decode(latent)


def test_a_network_in_the_models_scale_takes_latents_of_the_vaes(network: Any) -> None:
    latent, pixels = torch.randn(1, 4, 4, 4), torch.rand(1, 16, 16, 3)
    scaled = codec(network, latent_format=SD1)
    assert torch.equal(scaled.decode(latent), codec(network).decode(SD1.process_in(latent)))
    assert torch.equal(scaled.encode(pixels), SD1.process_out(codec(network).encode(pixels)))


def test_tiles_of_encoding_end_at_latent_elements(network: Any) -> None:
    pixels = torch.rand(1, 64, 80, 3)
    odd, even = codec(network).encode_tiled(pixels, 37, 9), codec(network).encode_tiled(pixels, 32, 8)
    assert torch.equal(odd, even)
    assert odd.shape == (1, 4, 16, 20)


def test_nothing_keeps_a_gradient(network: Any) -> None:
    assert not codec(network).decode(torch.randn(1, 4, 4, 4)).requires_grad
    assert not codec(network).encode(torch.rand(1, 16, 16, 3)).requires_grad
    assert codec(network).free_bytes(torch.device("cpu")) == PLENTY
