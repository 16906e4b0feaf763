"""A small VAE of the real kind, with seeded weights, and ways to make it fail as large ones do."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nodebook.models.vae.codec import Codec

PLENTY = 2**40
RATIO = 4


def small_vae(dtype: torch.dtype = torch.float32) -> Any:
    """Return an AutoencoderKL with 4 latent channels and 4 pixels to an element."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    kind: Any = AutoencoderKL
    network = kind(
        block_out_channels=(32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
    )
    return nn.Module.to(network, dtype).eval()  # diffusers' own `to` warns of nothing


def codec(network: Any, **options: Any) -> Codec:
    return Codec(network, free_bytes=options.pop("free_bytes", lambda _device: PLENTY), **options)


def fail_above(network: Any, pixels: int) -> list[int]:
    """Let memory run out for inputs with more elements a channel; return what was tried."""
    tried: list[int] = []

    def check(_module: Any, inputs: tuple[Tensor, ...]) -> None:
        tried.append(inputs[0][:, 0].numel())
        if tried[-1] > pixels:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.")

    network.decoder.register_forward_pre_hook(check)
    network.encoder.register_forward_pre_hook(check)
    return tried


def tiny_vae(latent_channels: int = 4) -> Any:
    """Return an AutoencoderTiny of the published size."""
    from diffusers import AutoencoderTiny

    torch.manual_seed(1)
    kind: Any = AutoencoderTiny
    return kind(latent_channels=latent_channels).eval()


def tiny_file(network: Any, half: str) -> dict[str, torch.Tensor]:
    """Return one half as the original file has it: numbered layers, those of the decoder after its clamp."""
    shift = 1 if half == "decoder" else 0
    found = {}
    for name, value in network.state_dict().items():
        part, _layers, index, rest = name.split(".", 3)
        if part == half:
            found[f"{int(index) + shift}.{rest}"] = value
    return found
