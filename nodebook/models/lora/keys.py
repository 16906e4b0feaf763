"""From a layer's name in a LoRA file to the module of a network that it changes.

Trainers name layers after the network they trained: as Stability's code does (LDM), as diffusers does, with dots or
underscores, under several prefixes. Source: spec models.md J.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodebook.models.convert.names import rename
from nodebook.models.convert.unet import unet_modules
from nodebook.models.handles import Part
from nodebook.models.spec import MmditSpec, UnetSpec

_ENCODER_PREFIXES = {
    "clip_l": ("lora_te_", "lora_te1_", "text_encoder."),
    "clip_h": ("lora_te_", "text_encoder."),
    "clip_g": ("lora_te2_", "text_encoder_2."),
}


_UNET_PREFIXES = ("", "unet.", "diffusion_model.", "model.diffusion_model.", "base_model.model.")


def layer_modules(part: Part, names: Iterable[str]) -> dict[str, str]:
    """Return a LoRA's name of a layer → the module of the built network, for all spellings.

    names: the parameters of the network.
    """
    modules = dict.fromkeys(name.rpartition(".")[0] for name in names)
    match part.spec:
        case UnetSpec() as spec:
            in_ldm = ldm_names(spec, modules)
            return {spelling: module for module in modules for spelling in _of_unet(module, in_ldm[module])}
        case MmditSpec():
            return {spelling: module for module in modules for spelling in _of_transformer(module)}
        case _:
            return {spelling: module for module in modules for spelling in _of_encoder(module, part.name)}


def ldm_names(spec: UnetSpec, names: Iterable[str]) -> dict[str, str]:
    """Return the name of a module or parameter in the built network → its name in the LDM layout, without prefix."""
    to_ldm = {new: old for old, new in unet_modules(spec).items()}
    return {name: rename(name, to_ldm) or name for name in names}


def _of_unet(module: str, in_ldm: str) -> Iterator[str]:
    for name in (in_ldm, *_in_diffusers(module)):
        flat = name.replace(".", "_")
        yield f"lora_unet_{flat}"
        yield f"lycoris_{flat}"
        for prefix in _UNET_PREFIXES:
            yield prefix + name


def _in_diffusers(module: str) -> Iterator[str]:
    """Yield a module's names in diffusers, today's and those of its attention processors before 0.20."""
    names = [module, module.replace("class_embedding.", "add_embedding.")]
    for name in names:
        short = name.removesuffix(".0") if name.endswith(".to_out.0") else name
        yield name
        yield short
        yield name.replace(".to_", ".processor.to_")
        yield short.replace(".to_", ".processor.to_")


def _of_transformer(module: str) -> Iterator[str]:
    yield f"lora_transformer_{module.replace('.', '_')}"
    for prefix in ("", "transformer.", "base_model.model."):
        yield prefix + module


def _of_encoder(module: str, encoder: str) -> Iterator[str]:
    for prefix in _ENCODER_PREFIXES.get(encoder, ()):
        yield prefix + (module if prefix.endswith(".") else module.replace(".", "_"))
