"""Encoding pictures to latents and decoding latents to pictures, with a network that the pool has leased.

Source: spec models.md H (cropping, the mode of the posterior, memory per picture, tiles where memory runs out).
Networks are diffusers' ``AutoencoderKL`` and ``AutoencoderTiny``; their own tiling is another one and is not used.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor

from nodebook.models.errors import LatentError, NotANumberError
from nodebook.models.latents import LatentFormat
from nodebook.models.vae.pieces import FreeBytes, GiveWay, Work, as_fits, in_tiles
from nodebook.models.vae.tiling import OnTile, Run, Tile, three_shapes

FALLBACK_TILE: Final = 64
FALLBACK_OVERLAP: Final = 16
"""Tiles where memory ran out, in latent elements; encoding overlaps by half of it."""

_ENCODE_ELEMENTS: Final = 1767
_DECODE_ELEMENTS: Final = 2178
"""Elements that are alive at once for each pixel while encoding or decoding."""

_USUAL_WIDTH: Final = 128
"""Channels at full resolution of the networks for which those numbers hold."""

_CPU_SHARE: Final = 0.5
"""Of those numbers, on the CPU: a full-size SD 1 network was measured to need 1030 elements a pixel to decode there."""

_RGB: Final = 3
_HALF: Final = (torch.float16, torch.bfloat16)


@dataclass(frozen=True, slots=True)
class Codec:
    """A VAE's network, ready to be used while it is leased.

    ``network`` is an ``AutoencoderKL`` or ``AutoencoderTiny``. ``free_bytes(device)`` says how much memory is free
    there, and ``give_way()`` frees what others keep unused, before tiles are tried. ``on_part(done, total)`` is called
    after each tile or batch and may raise to stop. ``latent_format``: of networks (TAESD) that speak the model's scale.
    """

    network: Any
    free_bytes: FreeBytes
    on_part: OnTile | None = None
    latent_format: LatentFormat | None = None
    give_way: GiveWay | None = None

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return int(self.network.config.latent_channels)

    @property
    def ratio(self) -> int:
        """Pixels to one latent element along each side."""
        return int(2 ** (len(self._widths) - 1))

    def decode(self, latent: Tensor) -> Tensor:
        """Return pictures [B, H, W, 3] in 0..1, float32 on the CPU, of latents [B, C, h, w] in the VAE's scale.

        Of video latents [B, C, T, h, w] the first frame. Works in tiles where a whole picture does not fit into memory.
        Raises ``LatentError`` for what is no latent of this VAE or too large, ``NotANumberError`` where the result has
        NaN even in float32.
        """
        return self._in_numbers(Codec._decode, self._checked_latent(latent), None)

    def decode_tiled(self, latent: Tensor, tile: int, overlap: int) -> Tensor:
        """Return what ``decode`` does, always in tiles: ``tile`` and ``overlap`` in latent elements."""
        return self._in_numbers(Codec._decode, self._checked_latent(latent), three_shapes(tile, overlap))

    def encode(self, pixels: Tensor) -> Tensor:
        """Return latents [B, C, H / ratio, W / ratio] in the VAE's scale, float32 on the CPU, of [B, H, W, C'] in 0..1.

        The most likely latent: nothing is drawn. What exceeds a multiple of the ratio is cut off evenly at both sides,
        channels after the third are dropped. Errors are those of ``decode``.
        """
        return self._in_numbers(Codec._encode, self._checked_pixels(pixels), None)

    def encode_tiled(self, pixels: Tensor, tile: int, overlap: int) -> Tensor:
        """Return what ``encode`` does, always in tiles: ``tile`` and ``overlap`` in pixels.

        They are cut to multiples of twice the ratio and of the ratio: half a tile ends where a latent element does.
        """
        step = 2 * self.ratio
        tiles = three_shapes(max(step, tile - tile % step), overlap - overlap % self.ratio)
        return self._in_numbers(Codec._encode, self._checked_pixels(pixels), tiles)

    def crop(self, pixels: Tensor) -> Tensor:
        """Return the middle of [B, H, W, ...], with multiples of the ratio as sides.

        Raises ``LatentError`` where nothing would be left.
        """
        height, width = pixels.shape[1:3]
        if min(height, width) < self.ratio:
            raise LatentError(
                f"A picture of {width} x {height} pixels is too small for this VAE, which makes one latent element of "
                f"{self.ratio} x {self.ratio} pixels. Scale the picture first."
            )
        top, left = height % self.ratio // 2, width % self.ratio // 2
        return pixels[:, top : top + height - height % self.ratio, left : left + width - width % self.ratio]

    def decode_raw(self, latent: Tensor) -> Tensor:
        """Return colours [B, 3, H, W] in about -1..1, float32 on the CPU, as the network gives them."""
        if self.latent_format is not None:
            latent = self.latent_format.process_in(latent)
        return self._run(lambda z: self.network.decode(z).sample, latent)

    def encode_raw(self, colours: Tensor) -> Tensor:
        """Return the most likely latents [B, C, h, w], float32 on the CPU, of colours [B, 3, H, W] in -1..1."""
        latent = self._run(self._most_likely, colours)
        return latent if self.latent_format is None else self.latent_format.process_out(latent)

    @property
    def _widths(self) -> tuple[int, ...]:
        """Return the network's channels at each resolution, from full to latent."""
        return tuple(self.network.config.block_out_channels)

    @property
    def _weight(self) -> Tensor:
        weight: Tensor = next(self.network.parameters())
        return weight

    def _run(self, function: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
        weight = self._weight
        return function(samples.to(weight.device, weight.dtype)).to("cpu", torch.float32)

    def _most_likely(self, colours: Tensor) -> Tensor:
        encoded = self.network.encode(colours)
        latent: Tensor = encoded.latents if "latents" in encoded else encoded.latent_dist.mode()
        return latent

    def _decode(self, latent: Tensor, tiles: tuple[Tile, ...] | None) -> Tensor:
        height, width = (side * self.ratio for side in latent.shape[-2:])
        pictures = torch.empty(len(latent), height, width, _RGB)
        fallback = tiles or three_shapes(FALLBACK_TILE, FALLBACK_OVERLAP)
        work = self._work(self.decode_raw, self.ratio, _DECODE_ELEMENTS * height * width, fallback)
        for index, colours in enumerate((in_tiles if tiles else as_fits)(work, latent)):
            pictures[index] = colours.add(1.0).div_(2.0).clamp_(0.0, 1.0).movedim(0, -1)
        return pictures

    def _encode(self, colours: Tensor, tiles: tuple[Tile, ...] | None) -> Tensor:
        fallback = tiles or three_shapes(FALLBACK_TILE * self.ratio, FALLBACK_OVERLAP * self.ratio // 2)
        elements = _ENCODE_ELEMENTS * colours[0, 0].numel()
        work = self._work(self.encode_raw, 1 / self.ratio, elements, fallback)
        return torch.stack(list((in_tiles if tiles else as_fits)(work, colours)))

    def _work(self, run: Run, scale: float, elements: int, tiles: tuple[Tile, ...]) -> Work:
        weight = self._weight
        share = _CPU_SHARE if weight.device.type == "cpu" else 1.0
        needed = elements * weight.element_size() * share * self._widths[0] / _USUAL_WIDTH
        return Work(run, scale, int(needed), tiles, weight.device, self.free_bytes, self.on_part, self.give_way)

    def _in_numbers(
        self,
        work: Callable[[Codec, Tensor, tuple[Tile, ...] | None], Tensor],
        samples: Tensor,
        tiles: tuple[Tile, ...] | None,
    ) -> Tensor:
        """Return what ``work`` makes of ``samples``; where half precision gave NaN, work again in float32."""
        with torch.no_grad():
            result = work(self, samples, tiles)
            if not _has_nan(result):
                return result
            if _has_nan(samples):
                raise NotANumberError(
                    f"What the VAE was given holds NaN ({int(samples.isnan().sum())} of {samples.numel()} values), so "
                    "the result would be black. Look at the node that made it: a model in half precision may have "
                    "overflowed, or a sampler diverged."
                )
            is_half = self._weight.dtype in _HALF
            if is_half:
                result = work(replace(self, network=copy.deepcopy(self.network).float()), samples, tiles)
                if not _has_nan(result):
                    return result
        low, high = float(samples.min()), float(samples.max())
        raise NotANumberError(
            f"The VAE answered with NaN{' in half precision and in float32' if is_half else ''}, for values from "
            f"{low:.3g} to {high:.3g}. Its weights may be damaged: use another VAE, or look at what made those values."
        )

    def _checked_latent(self, latent: Tensor) -> Tensor:
        if latent.ndim == 5:  # noqa: PLR2004 -- B, C, T, h, w
            latent = latent[:, :, 0]
        if latent.ndim != 4 or 0 in latent.shape or latent.shape[1] != self.channels:  # noqa: PLR2004 -- B, C, h, w
            raise LatentError(
                f"This VAE decodes latents of shape [B, {self.channels}, h, w], got {list(latent.shape)}. Use the VAE "
                "of the model that made the latent: its checkpoint's, or one of the same family."
            )
        self._check_room(len(latent), latent.shape[2] * self.ratio, latent.shape[3] * self.ratio)
        return latent

    def _checked_pixels(self, pixels: Tensor) -> Tensor:
        """Return colours [B, 3, H, W] in -1..1, cut to multiples of the ratio."""
        if pixels.ndim != 4 or pixels.shape[-1] < _RGB or 0 in pixels.shape:  # noqa: PLR2004 -- B, H, W, C
            raise LatentError(
                f"A VAE encodes pictures of shape [B, H, W, 3], got {list(pixels.shape)}. Put colours last."
            )
        pixels = self.crop(pixels)
        self._check_room(*pixels.shape[:3])
        return pixels[..., :_RGB].movedim(-1, 1) * 2.0 - 1.0

    def _check_room(self, count: int, height: int, width: int) -> None:
        """Raise ``LatentError`` where not even the pictures themselves would fit into memory, twice."""
        needed, free = 2 * count * height * width * _RGB * 4, self.free_bytes(torch.device("cpu"))
        if needed > free:
            raise LatentError(
                f"{count} x {width} x {height} pixels need {needed / 2**30:.1f} GiB while the VAE works on them, but "
                f"{free / 2**30:.1f} GiB of memory are free. Choose a smaller size or batch."
            )


def _has_nan(values: Tensor) -> bool:
    return bool(values.isnan().any())
