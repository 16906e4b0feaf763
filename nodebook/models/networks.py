"""How each family's network is called: what it is given, in which shape, and how its answer is read.

Networks come from diffusers; nothing of it is imported here. Source: spec models.md C.3, F.7, G.5, L.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.guidance.areas import fit_batch
from nodebook.models.latents import LatentFormat
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.values import ConditioningEntry

INPAINT_CHANNELS = 9
EDIT_CHANNELS = 8

SIZE_WIDTH = 256
"""Into how many numbers SDXL's networks are told one size."""

_SIDES = ("height", "width")

EMPTY_INPAINT_LATENT = (0.8223, -0.6876, 0.6364, 0.1380)
"""A grey picture in the scale of SD 1.x: what inpainting networks are shown of a masked part."""


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """A tensor [B or 1, ...] that a network is given beside sample and time."""

    value: Tensor
    joins: Literal["tokens", "rows", "picture"] = "rows"
    """How it goes into a batch with others: tokens may be repeated to a common length (attention does not notice),
    rows must be of one shape, and of a picture [B, C, H, W] the evaluated part is cut out."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What one run samples."""

    shape: tuple[int, int, int, int]
    """[B, C, h, w] of the latent."""

    device: torch.device
    dtype: torch.dtype
    """What the network computes in."""

    latent_format: LatentFormat
    latent: Tensor | None = None
    """[B, C, h, w] what is there before, in the model's scale."""

    noise_mask: Tensor | None = None
    """[B, 1, h, w], 1 = made anew."""


class Family(Protocol):
    """The way to call the networks of one family."""

    def inputs(self, config: Any, entry: ConditioningEntry, name: str, canvas: Canvas) -> dict[str, Input]:
        """Return what an entry of the list ``name`` gives to a network of that configuration."""

    def call(self, module: nn.Module, x: Tensor, timestep: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's output [B, C, h, w] for a sample in its dtype and times [B] float32."""


class Network:
    """A built network with the way to call it and to read what it says."""

    def __init__(self, module: nn.Module, family: str, sampling: ModelSampling) -> None:
        self.module = module
        self.family = family
        self.sampling = sampling
        self._calls = get_family(family)
        self._times: dict[float, float] = {}
        """Level -> time."""

    @cached_property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return next(self.module.parameters()).dtype

    def with_module(self, module: nn.Module) -> Network:
        """Return the same way to call, for a changed copy of the module."""
        return Network(module, self.family, self.sampling)

    def inputs(self, entry: ConditioningEntry, name: str, canvas: Canvas) -> dict[str, Input]:
        """Return what an entry of the list ``name`` gives to the network, on its device."""
        return self._calls.inputs(self.module.config, entry, name, canvas)

    def denoised(self, samples: Sequence[Tensor], sigma: Tensor, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """Return the denoised estimates, float32, of samples [B, C, h, w] float32 of one shape at ``sigma`` (0-dim).

        They are shown to the network in one call; ``inputs`` are those of all their rows.
        """
        first = samples[0]
        if all(each is first for each in samples):
            batch = self.sampling.model_input(sigma, first, len(samples))
        else:
            batch = torch.cat([self.sampling.model_input(sigma, each) for each in samples])
        if batch.dtype != self.dtype:
            batch = batch.to(self.dtype)
        output = self._calls.call(self.module, batch, self._timesteps(sigma, batch), inputs)
        parts = output.chunk(len(samples))
        return [self.sampling.denoised(sigma, part, each) for part, each in zip(parts, samples, strict=True)]

    def expect(self, sigmas: Tensor) -> None:
        """Look up the times of the levels [N] that a run will come by, all at once."""
        times = self.sampling.schedule.timestep(sigmas).float().tolist()
        self._times.update(zip(sigmas.tolist(), times, strict=True))

    def _timesteps(self, sigma: Tensor, batch: Tensor) -> Tensor:
        """Return what the network is told of the time, [rows] float32."""
        level = sigma.item()
        if level not in self._times:
            self.expect(sigma.reshape(1))
        return torch.full((len(batch),), self._times[level], dtype=torch.float32, device=batch.device)


class UNetFamily:
    """U-Nets with cross-attention: SD 1.x and 2.x, their inpainting (9 channels) and editing (8 channels) kin."""

    def inputs(self, config: Any, entry: ConditioningEntry, name: str, canvas: Canvas) -> dict[str, Input]:
        """Return the tokens, and the pictures that inpainting and editing networks see beside the sample."""
        width = config.cross_attention_dim
        width = width if isinstance(width, int) else width[0]
        tokens = check_tokens(entry, name, width).to(canvas.device, canvas.dtype)
        inputs = {"tokens": Input(tokens, "tokens")}
        if (added := config.projection_class_embeddings_input_dim) is not None:
            inputs["vector"] = Input(self.vector(entry, name, added, canvas).to(canvas.device, canvas.dtype))
        if config.in_channels == INPAINT_CHANNELS:
            inputs["picture"] = Input(_inpaint_picture(entry[1], canvas), "picture")
        elif config.in_channels == EDIT_CHANNELS:
            inputs["picture"] = Input(_edited_picture(entry[1], canvas), "picture")
        return inputs

    def call(self, module: nn.Module, x: Tensor, timestep: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return a U-Net's output."""
        if "picture" in inputs:
            x = torch.cat([x, inputs["picture"].to(x.dtype)], dim=1)
        output: Tensor = module(
            x,
            timestep,
            encoder_hidden_states=inputs["tokens"],
            class_labels=inputs.get("vector"),
            return_dict=False,
        )[0]
        return output

    def vector(self, entry: ConditioningEntry, name: str, width: int, canvas: Canvas) -> Tensor:  # noqa: ARG002
        """Return what is added to the time embedding [1, width]: unCLIP's picture, of which there is none."""
        return torch.zeros(1, width)


@dataclass(frozen=True, slots=True)
class SizedUNetFamily(UNetFamily):
    """SDXL and its refiner: U-Nets that are told a pooled prompt and sizes (spec G.5)."""

    is_refiner: bool = False

    def vector(self, entry: ConditioningEntry, name: str, width: int, canvas: Canvas) -> Tensor:
        """Return pooled prompt and sizes [B, width]; sizes that the entry does not tell are those of the picture."""
        options = entry[1]
        height_px, width_px = (
            options.get(side, size * 8) for side, size in zip(_SIDES, canvas.shape[-2:], strict=True)
        )
        sizes = [height_px, width_px, options.get("crop_h", 0), options.get("crop_w", 0)]
        if self.is_refiner:
            usual = 2.5 if options.get("prompt_type", name) == "negative" else 6.0
            sizes.append(options.get("aesthetic_score", usual))
        else:
            sizes += [options.get("target_height", height_px), options.get("target_width", width_px)]
        pooled = check_pooled(entry, name, width - len(sizes) * SIZE_WIDTH).float()
        waves = sinusoids(torch.tensor(sizes, dtype=torch.float32), SIZE_WIDTH).flatten()
        return torch.cat([pooled, waves.to(pooled.device).expand(len(pooled), -1)], dim=1)


class SD3Family:
    """SD 3 and 3.5: transformers over patches of the latent. Texts of unequal lengths are never batched."""

    def inputs(self, config: Any, entry: ConditioningEntry, name: str, canvas: Canvas) -> dict[str, Input]:
        """Return tokens and pooled prompt."""
        tokens = check_tokens(entry, name, config.joint_attention_dim)
        pooled = check_pooled(entry, name, config.pooled_projection_dim)
        return {
            "tokens": Input(tokens.to(canvas.device, canvas.dtype)),
            "pooled": Input(pooled.to(canvas.device, canvas.dtype)),
        }

    def call(self, module: nn.Module, x: Tensor, timestep: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the transformer's output; a latent that is no multiple of the patch is padded around, then cut."""
        height, width = x.shape[-2:]
        config: Any = module.config
        patch = int(config.patch_size)
        missing = (-width % patch, -height % patch)
        if any(missing):
            x = pad(x, (0, missing[0], 0, missing[1]), mode="circular")
        output: Tensor = module(
            x,
            encoder_hidden_states=inputs["tokens"],
            pooled_projections=inputs["pooled"],
            timestep=timestep,
            return_dict=False,
        )[0]
        return output[..., :height, :width]


FAMILIES: Mapping[str, Family] = {
    "sd1": UNetFamily(),
    "sd2": UNetFamily(),
    "sdxl": SizedUNetFamily(),
    "sdxl_refiner": SizedUNetFamily(is_refiner=True),
    "sd3": SD3Family(),
}
"""The ways to call networks, by the name of the family in a model handle."""


MEMORY_FACTORS: Mapping[str, float] = {"sdxl": 0.8, "sd3": 1.6}
"""How much memory a family's activations take beside those of SD 1.x (spec I)."""


def working_bytes(family: str, rows: tuple[int, int, int], element_bytes: int) -> int:
    """Return about how much memory a call on ``rows`` (pictures, h, w) takes beside the weights."""
    count, height, width = rows
    mebibytes = count * height * width * element_bytes * 0.01 * MEMORY_FACTORS.get(family, 1.0)
    return int(mebibytes * 1024 * 1024)


def get_family(name: str) -> Family:
    """Return the way to call a family's networks. Raises ``UnsuitableModelError`` for one that is not known."""
    if name not in FAMILIES:
        raise UnsuitableModelError(
            f"Models of the family {name!r} cannot be sampled yet. Those that can: {', '.join(FAMILIES)}."
        )
    return FAMILIES[name]


def check_tokens(entry: ConditioningEntry, name: str, width: int) -> Tensor:
    """Return an entry's tokens [B, T, C]. Raises ``UnsuitableModelError`` where they are not ``width`` wide."""
    tokens = entry[0]
    if not isinstance(tokens, Tensor) or tokens.dim() != 3:  # noqa: PLR2004 -- [B, T, C]
        shape = list(tokens.shape) if isinstance(tokens, Tensor) else type(tokens).__name__
        raise UnsuitableModelError(
            f"The {name} conditioning must hold tokens [1, T, {width}], got {shape}. Encode a text with the text "
            "encoder of the model's own checkpoint."
        )
    if tokens.shape[-1] != width:
        raise UnsuitableModelError(
            f"The {name} conditioning is {tokens.shape[-1]} wide, the model expects {width}: it was encoded for a "
            "model of another family. Encode the text with the text encoder of the model's own checkpoint."
        )
    return tokens


def check_pooled(entry: ConditioningEntry, name: str, width: int) -> Tensor:
    """Return an entry's pooled prompt [B, C]. Raises ``UnsuitableModelError`` where it is absent or not so wide."""
    pooled = entry[1].get("pooled_output")
    if not isinstance(pooled, Tensor) or pooled.shape[-1] != width:
        found = f"{pooled.shape[-1]} wide" if isinstance(pooled, Tensor) else "absent"
        raise UnsuitableModelError(
            f"The pooled prompt of the {name} conditioning is {found}, the model expects one {width} wide: the text "
            "was encoded for a model of another family. Encode it with the text encoder of the model's own checkpoint."
        )
    return pooled.reshape(-1, width)


def sinusoids(values: Tensor, width: int) -> Tensor:
    """Return each number of [N] as cosines, then sines, of falling frequencies [N, width] (arXiv 1706.03762)."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000) * torch.arange(half, dtype=torch.float32) / half)
    angles = values[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


def _inpaint_picture(options: Mapping[str, Any], canvas: Canvas) -> Tensor:
    """Return [B, 1 + C, h, w]: the mask rounded to 0 and 1, then what is to be kept, in the model's scale.

    Without a mask of its own the conditioning takes the run's noise mask, and the latent outside of it.
    """
    size = canvas.shape[-2:]
    grey = torch.tensor(EMPTY_INPAINT_LATENT, device=canvas.device).reshape(1, -1, 1, 1).expand(1, -1, *size)
    kept, mask = options.get("concat_latent_image"), options.get("concat_mask")
    if kept is not None and mask is not None:
        mask = _resized(mask.reshape(-1, 1, *mask.shape[-2:]), size, canvas).round()
        picture = _resized(canvas.latent_format.process_in(kept), size, canvas)
    elif canvas.noise_mask is not None and canvas.latent is not None:
        mask = canvas.noise_mask.round()
        picture = canvas.latent * (1 - mask) + grey * mask
    else:
        mask = torch.ones(1, 1, *size, device=canvas.device)
        picture = grey
    count = max(len(mask), len(picture))
    return torch.cat([fit_batch(mask, count), fit_batch(picture, count)], dim=1)


def _edited_picture(options: Mapping[str, Any], canvas: Canvas) -> Tensor:
    """Return the latent [B, C, h, w] of the picture that an instruction edits, unscaled; zeros where none is given."""
    kept = options.get("concat_latent_image")
    if kept is None:
        return torch.zeros(1, canvas.latent_format.channels, *canvas.shape[-2:], device=canvas.device)
    return _resized(kept, canvas.shape[-2:], canvas)


def _resized(tensor: Tensor, size: tuple[int, int], canvas: Canvas) -> Tensor:
    tensor = tensor.to(canvas.device, torch.float32)
    return tensor if tensor.shape[-2:] == size else interpolate(tensor, size=size, mode="bilinear", align_corners=False)
