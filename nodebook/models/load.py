"""From files to handles: headers and digests are read, weights are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nodebook.models.detect import detect
from nodebook.models.errors import UnsuitableModelError
from nodebook.models.families.text_encoders import read_text_encoder
from nodebook.models.families.vae import find_kl, find_tiny
from nodebook.models.files import read_index, weights_file
from nodebook.models.handles import ClipHandle, ModelHandle, Part, Patched, VaeHandle
from nodebook.models.latents import LatentFormat

CLIP_FAMILIES = {
    ("clip_l",): "sd1",
    ("clip_h",): "sd2",
    ("clip_g",): "sdxl_refiner",
    ("clip_g", "clip_l"): "sdxl",
}
"""Which family text encoders serve that are loaded by themselves, unless one asks for SD 3."""


def load_checkpoint(
    path: Path, *, embeddings: tuple[Path, ...] = ()
) -> tuple[ModelHandle, ClipHandle | None, VaeHandle | None]:
    """Return the model, the text encoders and the VAE of a checkpoint as handles; None for what it does not hold.

    ``embeddings``: folders of textual inversions. Raises what ``nodebook.models.detect.detect`` raises.
    """
    spec = detect(path)
    file = weights_file(path)
    model = ModelHandle(Patched(Part(file, "unet", spec.network)), spec.family, spec.sampling, spec.latent_format)
    encoders = tuple(Patched(Part(file, name, encoder)) for name, encoder in spec.encoders)
    clip = ClipHandle(encoders, spec.family, embeddings=embeddings) if encoders else None
    vae = VaeHandle(Patched(Part(file, "vae", spec.vae))) if spec.vae else None
    return model, clip, vae


def load_diffusion_model(path: Path) -> ModelHandle:
    """Return the diffusion network of a file that may hold nothing else, in the LDM layout or in diffusers'."""
    return load_checkpoint(path)[0]


def load_text_encoders(
    paths: Sequence[Path], *, for_sd3: bool = False, embeddings: tuple[Path, ...] = ()
) -> ClipHandle:
    """Return the text encoders of files that hold one each, in any order.

    Raises ``UnsuitableModelError`` where they do not belong together, and what ``read_text_encoder`` raises.
    """
    parts = []
    for path in paths:
        name, spec = read_text_encoder(read_index(path))
        parts.append(Part(weights_file(path), name, spec))
    parts.sort(key=lambda part: part.name, reverse=True)  # clip_l before clip_g, as they are joined
    names = tuple(sorted(part.name for part in parts))
    family = "sd3" if for_sd3 and set(names) <= {"clip_l", "clip_g"} else CLIP_FAMILIES.get(names)
    if family is None or len(set(names)) < len(names):
        held = ", ".join(f"{part.file.path.name} is {part.name}" for part in parts)
        raise UnsuitableModelError(
            f"These text encoders do not belong together: {held}. "
            "Expected CLIP-L for SD 1.x, CLIP-H for SD 2.x, or CLIP-L with CLIP-G for SDXL."
        )
    return ClipHandle(tuple(Patched(part) for part in parts), family, embeddings=embeddings)


def load_vae(path: Path) -> VaeHandle:
    """Return the VAE of a file of its own, or of a checkpoint. Raises what ``find_kl`` raises."""
    return VaeHandle(Patched(Part(weights_file(path), "vae", find_kl(read_index(path)))))


def load_tiny_vae(encoder: Path | None, decoder: Path, latent_format: LatentFormat) -> VaeHandle:
    """Return a TAESD of its two files, or of its decoder alone for previews; it reads latents of a format.

    Raises ``UnknownModelError`` for files that are no halves of a TAESD.
    """
    spec = find_tiny(read_index(decoder), read_index(encoder) if encoder else None, latent_format)
    return VaeHandle(Patched(Part(weights_file(decoder), "vae", spec)), kind="tiny")
