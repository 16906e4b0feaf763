"""Stable Diffusion 1.x and 2.x in one file. Source: spec A.4, A.6."""

from __future__ import annotations

from nodebook.models.families.candidate import Candidate, Mismatch
from nodebook.models.families.clip import read_clip
from nodebook.models.families.unet import read_unet
from nodebook.models.families.vae import read_kl
from nodebook.models.latents import SD1
from nodebook.models.sampling.parametrisation import ModelSampling, Prediction
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.models.spec import CheckpointSpec, ClipSpec, KlSpec

V_BIAS = "output_blocks.11.1.transformer_blocks.0.norm1.bias"
V_BIAS_STD = 0.09
"""In the published SD 2.x files this bias varies more in those trained to predict v."""

SD1_CLIP = "cond_stage_model.transformer."
SD2_CLIP = ("cond_stage_model.model.", "conditioner.embedders.0.model.")
FIRST_STAGE = "first_stage_model."


def match_sd1(file: Candidate) -> CheckpointSpec | Mismatch:
    """Match SD 1.x, its inpainting (9 channels) and picture-editing (8) variants: convolutions project, no vector."""
    if not file.has("input_blocks.0.0.weight"):
        return Mismatch("it has no UNet in the LDM layout")
    if file.has("label_emb.0.0.weight"):
        return Mismatch("its UNet takes an added vector")
    unet = read_unet(file)
    if unet.linear_projection:
        return Mismatch("its UNet projects by linear layers")
    clip = _sd1_clip(file)
    return CheckpointSpec(
        family="sd1",
        network=unet,
        sampling=ModelSampling(DiscreteSchedule(), "eps"),
        latent_format=SD1,
        encoders=(("clip_l", clip),) if clip else (),
        vae=checkpoint_vae(file),
    )


def match_sd2(file: Candidate) -> CheckpointSpec | Mismatch:
    """Match SD 2.x, predicting noise or v, and its inpainting variant: linear layers project, no vector."""
    if not file.has("input_blocks.0.0.weight"):
        return Mismatch("it has no UNet in the LDM layout")
    if file.has("label_emb.0.0.weight"):
        return Mismatch("its UNet takes an added vector")
    unet = read_unet(file)
    if not unet.linear_projection:
        return Mismatch("its UNet projects by convolutions")
    prefix = next((each for each in SD2_CLIP if f"{each}token_embedding.weight" in file.tensors), None)
    clip = read_clip(file.index, prefix, activation="gelu") if prefix else None
    return CheckpointSpec(
        family="sd2",
        network=unet,
        sampling=ModelSampling(DiscreteSchedule(), v_or_eps(file, unet.in_channels)),
        latent_format=SD1,
        encoders=(("clip_h", clip),) if clip else (),
        vae=checkpoint_vae(file),
    )


def v_or_eps(file: Candidate, in_channels: int) -> Prediction:
    """Return what an SD 2.x network predicts, which shapes do not tell: one bias is read."""
    if in_channels != 4 or not file.has(V_BIAS):  # noqa: PLR2004 -- inpainting variants predict noise
        return "eps"
    spread = file.read(file.prefix + V_BIAS).float().std(correction=0).item()
    return "v" if spread > V_BIAS_STD else "eps"


def checkpoint_vae(file: Candidate) -> KlSpec | None:
    """Return the VAE of a checkpoint, None where it has none."""
    return read_kl(file.index, FIRST_STAGE) if file.index.count_prefix(f"{FIRST_STAGE}decoder.") else None


def _sd1_clip(file: Candidate) -> ClipSpec | None:
    if not file.index.count_prefix(SD1_CLIP):
        return None
    return read_clip(file.index, SD1_CLIP, activation="quick_gelu")
