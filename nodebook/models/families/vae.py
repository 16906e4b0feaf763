"""VAEs: which one a file holds, and the hyper-parameters of those that are built here. Source: spec A.8, H."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Final

from nodebook.models.errors import UnknownModelError, UnsuitableModelError
from nodebook.models.families.candidate import metadata_int, shape_of
from nodebook.models.files import WeightsIndex, weights_file
from nodebook.models.latents import LatentFormat
from nodebook.models.spec import GROUPS, KlSpec, TinySpec

PREFIXES: Final = ("", "first_stage_model.", "vae.")
"""What may stand before a VAE's names in a file of its own."""


TINY_DECODERS: Final = ("", "taesd_decoder.")
TINY_ENCODERS: Final = ("", "taesd_encoder.")


@dataclass(frozen=True, slots=True)
class _Names:
    """How a layout names the parts that shapes are read from."""

    level: str
    block: str
    attention: str


_LDM = _Names("encoder.down.", ".block.", "decoder.mid.attn_1.q.weight")
_DIFFUSERS = _Names("encoder.down_blocks.", ".resnets.", "decoder.mid_block.attentions.0.group_norm.weight")


def identify_vae(index: WeightsIndex, prefix: str = "") -> str | None:
    """Return what VAE the names with a prefix are, as a title; ``KL`` are those that are built here; None: no VAE."""

    def has(name: str) -> bool:
        return f"{prefix}{name}" in index.tensors

    marked = (
        ("decoder.mid.block_1.mix_factor", "the VAE of Stable Video Diffusion"),
        ("taesd_decoder.1.weight", "a TAESD"),
        ("vquantizer.codebook.weight", "stage A of Stable Cascade"),
        ("decoder.up_blocks.0.res_blocks.0.conv1.conv.weight", "the VAE of LTX-Video"),
        ("decoder.conv_in.conv.weight", "the VAE of HunyuanVideo"),
        ("decoder.middle.0.residual.0.gamma", "the VAE of Wan"),
        ("decoder.unpatcher3d.wavelets", "the VAE of Cosmos"),
        ("decoder.22.bias", "a tiny video VAE"),
        ("bn.running_mean", "the VAE of Flux 2"),
    )
    found = next((title for name, title in marked if has(name)), None)
    if found or not has("decoder.conv_in.weight"):
        return found
    first = shape_of(index, f"{prefix}decoder.conv_in.weight")
    if first[1] == 64 or len(first) > 4:  # noqa: PLR2004 -- HunyuanImage; video convolutions have five sides
        return "a VAE of Hunyuan"
    return "KL"


def find_kl(index: WeightsIndex) -> KlSpec:
    """Return the autoencoder of a file that holds nothing else, or of a whole checkpoint.

    Raises ``UnsuitableModelError`` for a VAE that is not built here, ``UnknownModelError`` for a file without one.
    """
    found = {prefix: title for prefix in PREFIXES if (title := identify_vae(index, prefix))}
    for prefix, title in found.items():
        if title == "KL":
            return read_kl(index, prefix)
    if found:
        title = next(iter(found.values()))
        raise UnsuitableModelError(f"{index.path.name} is {title}, which nodebook cannot run yet.")
    raise UnknownModelError(f"{index.path.name} is no VAE that is known here. The file is {index.path}.")


def find_tiny(decoder: WeightsIndex, encoder: WeightsIndex | None, latent_format: LatentFormat) -> TinySpec:
    """Return the TAESD of the files of its halves. Raises ``UnknownModelError`` for other files."""
    prefix = next((each for each in TINY_DECODERS if decoder.has(f"{each}1.weight", f"{each}3.conv.0.weight")), None)
    if prefix is None:
        raise UnknownModelError(f"{decoder.path.name} is no decoder of a TAESD. The file is {decoder.path}.")
    encoder_prefix = ""
    if encoder is not None:
        found = next((each for each in TINY_ENCODERS if encoder.has(f"{each}0.weight", f"{each}1.conv.0.weight")), None)
        if found is None:
            raise UnknownModelError(f"{encoder.path.name} is no encoder of a TAESD. The file is {encoder.path}.")
        encoder_prefix = found
    return TinySpec(
        prefix=prefix,
        latent_channels=shape_of(decoder, f"{prefix}1.weight")[1],
        scale=latent_format.scale,
        shift=latent_format.shift,
        encoder=weights_file(encoder.path) if encoder is not None else None,
        encoder_prefix=encoder_prefix,
    )


def read_kl(index: WeightsIndex, prefix: str) -> KlSpec:
    """Return the hyper-parameters of the autoencoder whose names begin with ``prefix``, in either layout.

    Raises ``BrokenModelError`` where a tensor is absent that every such network has.
    """
    in_diffusers = f"{prefix}encoder.down_blocks.0.resnets.0.norm1.weight" in index.tensors
    names = _DIFFUSERS if in_diffusers else _LDM
    levels = _count(index, f"{prefix}{names.level}", f"{names.block}0.norm1.weight")
    return KlSpec(
        prefix=prefix,
        layout="diffusers" if in_diffusers else "ldm",
        in_channels=shape_of(index, f"{prefix}encoder.conv_in.weight")[1],
        out_channels=shape_of(index, f"{prefix}decoder.conv_out.weight")[0],
        latent_channels=shape_of(index, f"{prefix}decoder.conv_in.weight")[1],
        channels=tuple(
            shape_of(index, f"{prefix}{names.level}{level}{names.block}0.conv2.weight")[0] for level in range(levels)
        ),
        res_blocks=_count(index, f"{prefix}{names.level}0{names.block}", ".norm1.weight"),
        quant_conv=f"{prefix}quant_conv.weight" in index.tensors,
        post_quant_conv=f"{prefix}post_quant_conv.weight" in index.tensors,
        middle_attention=f"{prefix}{names.attention}" in index.tensors,
        norm_groups=metadata_int(index, "nodebook.vae.norm_num_groups", GROUPS),
    )


def _count(index: WeightsIndex, before: str, after: str) -> int:
    return next(number for number in count() if f"{before}{number}{after}" not in index.tensors)
