"""Stable Diffusion 1.x and 2.x. Source: spec A.4, A.6."""

from __future__ import annotations

from nodebook.models.families.candidate import Candidate, Mismatch, Recognised
from nodebook.models.families.clip import read_clip
from nodebook.models.families.unet import find_unet
from nodebook.models.families.vae import read_kl
from nodebook.models.latents import SD1
from nodebook.models.sampling.parametrisation import ModelSampling, Prediction
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.models.spec import CheckpointSpec, ClipSpec, KlSpec, UnetSpec

V_BIAS = "output_blocks.11.1.transformer_blocks.0.norm1.bias"
V_BIAS_STD = 0.09
"""In the published SD 2.x files this bias varies more in those trained to predict v."""

SD1_CLIP = "cond_stage_model."
SD2_CLIP = ("cond_stage_model.model.", "conditioner.embedders.0.model.")
FIRST_STAGE = "first_stage_model."

PREDICTION_METADATA = "modelspec.prediction_type"
"""``epsilon`` or ``v``, where a writer says so: looked at where no weight tells."""


def match_sd1(file: Candidate) -> CheckpointSpec | Recognised | Mismatch:
    """Match SD 1.x, its inpainting (9 channels) and picture-editing (8) variants: convolutions project, no vector."""
    unet = find_unet(file)
    if isinstance(unet, Mismatch):
        return unet
    if unet.linear_projection or unet.adm_channels is not None:
        return Mismatch("its UNet projects by linear layers" if unet.linear_projection else "it takes an added vector")
    if "cc_projection.weight" in file.tensors:
        return Recognised("zero123", "Zero123")
    encoder = _sd1_clip(file)
    return CheckpointSpec(
        family="sd1",
        network=unet,
        sampling=ModelSampling(DiscreteSchedule(), _stated(file)),
        latent_format=SD1,
        encoders=(("clip_l", encoder),) if encoder else (),
        vae=checkpoint_vae(file),
    )


def match_sd2(file: Candidate) -> CheckpointSpec | Recognised | Mismatch:
    """Match SD 2.x, predicting noise or v, and its inpainting variant: linear layers project, no vector."""
    unet = find_unet(file)
    if isinstance(unet, Mismatch):
        return unet
    if not unet.linear_projection or unet.adm_channels is not None:
        return Mismatch("it takes an added vector" if unet.linear_projection else "its UNet projects by convolutions")
    if unet.in_channels == 7:  # noqa: PLR2004 -- a latent and a small picture
        return Recognised("x4_upscaler", "the SD x4 upscaler")
    prefix = next((each for each in SD2_CLIP if f"{each}token_embedding.weight" in file.tensors), None)
    encoder = read_clip(file.index, prefix, activation="gelu") if prefix else None
    return CheckpointSpec(
        family="sd2",
        network=unet,
        sampling=ModelSampling(DiscreteSchedule(), _v_or_eps(file, unet)),
        latent_format=SD1,
        encoders=(("clip_h", encoder),) if encoder else (),
        vae=checkpoint_vae(file),
    )


def checkpoint_vae(file: Candidate, prefix: str = FIRST_STAGE) -> KlSpec | None:
    """Return the VAE of a checkpoint, None where it has none."""
    return read_kl(file.index, prefix) if file.index.count_prefix(f"{prefix}decoder.") else None


def _v_or_eps(file: Candidate, unet: UnetSpec) -> Prediction:
    """Return what an SD 2.x network predicts, which shapes do not tell: one bias is read."""
    if unet.in_channels != 4:  # noqa: PLR2004 -- inpainting variants predict noise
        return "eps"
    if not file.has(V_BIAS):
        return _stated(file)
    spread = file.read(file.prefix + V_BIAS).float().std(correction=0).item()
    return "v" if spread > V_BIAS_STD else "eps"


def _stated(file: Candidate) -> Prediction:
    return "v" if file.metadata.get(PREDICTION_METADATA, "").startswith("v") else "eps"


def _sd1_clip(file: Candidate) -> ClipSpec | None:
    if not file.index.count_prefix(f"{SD1_CLIP}transformer."):
        return None
    return read_clip(file.index, f"{SD1_CLIP}transformer.", activation="quick_gelu")
