"""SDXL, its refiner, and what is shaped like it. Source: spec A.4, A.6.

Both take a vector beside the text: the pooled text and sizes, of which each is 256 numbers.
"""

from __future__ import annotations

from nodebook.models.families.candidate import Candidate, Mismatch, Recognised
from nodebook.models.families.clip import read_clip
from nodebook.models.families.stable_diffusion import checkpoint_vae
from nodebook.models.families.unet import find_unet
from nodebook.models.latents import SDXL
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.models.spec import CheckpointSpec, ClipSpec, UnetSpec

CLIP_L = "conditioner.embedders.0.transformer."
CLIP_G = "conditioner.embedders.1.model."
REFINER_CLIP_G = "conditioner.embedders.0.model."

SIZE_WIDTH = 256
BASE_SIZES = 6
"""Height, width, crop (2), target (2)."""
REFINER_SIZES = 5
"""Height, width, crop (2), aesthetic score."""

UNCLIP = {(1024, 1536), (1024, 2048)}
"""(context, vector) of the two SD 2.1 unCLIP models."""


def match_sdxl(file: Candidate) -> CheckpointSpec | Recognised | Mismatch:
    """Match SDXL and its smaller descendants; v-prediction where a marker tensor says so."""
    unet = _with_vector(file)
    if not isinstance(unet, UnetSpec):
        return unet
    if is_refiner(unet):
        return Mismatch("its vector is the refiner's")
    if {"edm_mean", "edm_std"} <= file.tensors.keys():
        return Recognised("playground25", "Playground 2.5")
    if "edm_vpred.sigma_max" in file.tensors:
        return Recognised("cosxl", "CosXL")
    encoders = (
        *_encoder(file, "clip_l", CLIP_L, f"{CLIP_L}text_model.embeddings.token_embedding.weight"),
        *_encoder(file, "clip_g", CLIP_G, f"{CLIP_G}token_embedding.weight"),
    )
    return CheckpointSpec(
        family="sdxl",
        network=unet,
        sampling=_sampling(file),
        latent_format=SDXL,
        encoders=encoders,
        vae=checkpoint_vae(file),
    )


def match_refiner(file: Candidate) -> CheckpointSpec | Recognised | Mismatch:
    """Match the SDXL refiner: its text is the large encoder's alone."""
    unet = _with_vector(file)
    if not isinstance(unet, UnetSpec):
        return unet
    if not is_refiner(unet):
        return Mismatch("its vector is not the refiner's")
    return CheckpointSpec(
        family="sdxl_refiner",
        network=unet,
        sampling=ModelSampling(DiscreteSchedule(), "eps"),
        latent_format=SDXL,
        encoders=_encoder(file, "clip_g", REFINER_CLIP_G, f"{REFINER_CLIP_G}token_embedding.weight"),
        vae=checkpoint_vae(file),
    )


def is_refiner(unet: UnetSpec) -> bool:
    """Say whether the vector is the text's width and five sizes, as the refiner's is."""
    return unet.adm_channels == unet.context_dim + REFINER_SIZES * SIZE_WIDTH


def _with_vector(file: Candidate) -> UnetSpec | Recognised | Mismatch:
    unet = find_unet(file)
    if isinstance(unet, Mismatch):
        return unet
    if any(".time_stack." in key for key in file.tensors):
        return Recognised("svd", "Stable Video Diffusion")
    if unet.adm_channels is None:
        return Mismatch("its UNet takes no added vector")
    if (unet.context_dim, unet.adm_channels) in UNCLIP:
        return Recognised("unclip", "SD 2.1 unCLIP")
    if not unet.linear_projection or (unet.adm_channels <= BASE_SIZES * SIZE_WIDTH and not is_refiner(unet)):
        return Mismatch(f"its added vector has {unet.adm_channels} numbers")
    return unet


def _encoder(file: Candidate, name: str, prefix: str, marker: str) -> tuple[tuple[str, ClipSpec], ...]:
    if marker not in file.tensors:
        return ()
    activation = "quick_gelu" if name == "clip_l" else "gelu"
    return ((name, read_clip(file.index, prefix, activation=activation)),)  # type: ignore[arg-type]  # one of the two


def _sampling(file: Candidate) -> ModelSampling:
    zero_terminal_snr = "v_pred" in file.tensors and "ztsnr" in file.tensors
    schedule = DiscreteSchedule(zero_terminal_snr=zero_terminal_snr)
    return ModelSampling(schedule, "v" if "v_pred" in file.tensors else "eps")
