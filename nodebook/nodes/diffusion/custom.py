"""Sampling put together from parts: noise, guider, sampler and noise levels."""

from nodebook.engine.annotations import Hidden
from nodebook.engine.node import node
from nodebook.models.guidance.guiders import CFGGuider
from nodebook.models.guidance.sample import NoNoise, Run, SeededNoise, fit_latent, to_model
from nodebook.models.pool import Pool
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ksampler import Scale, Seed, finish
from nodebook.nodes.diffusion.ports import (
    Cond,
    GuiderPort,
    LatentImage,
    Model,
    NoisePort,
    SamplerPort,
    SigmasPort,
)
from nodebook.nodes.diffusion.previewing import Previews

_OUTPUTS = ("output", "denoised_output")


@node(name="SamplerCustom", category="sampling/custom_sampling", outputs=_OUTPUTS)
def sampler_custom(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    model: Model,
    *,
    add_noise: bool = True,
    noise_seed: Seed = 0,
    cfg: Scale = 8.0,
    positive: Cond,
    negative: Cond,
    sampler: SamplerPort,
    sigmas: SigmasPort,
    latent_image: LatentImage,
    pool: Hidden[Pool],
    previews: Hidden[Previews],
) -> tuple[LatentImage, LatentImage]:
    """Sample with a sampler and noise levels of your own. The second output is the model's last estimate.

    add_noise: off where the latent has its noise already.
    """
    noise = SeededNoise(noise_seed) if add_noise else NoNoise(noise_seed)
    run = Run(CFGGuider(model, positive, negative, cfg), sampler, sigmas, noise)
    return finish(run, latent_image, pool, previews)


@node(name="SamplerCustomAdvanced", category="sampling/custom_sampling", outputs=_OUTPUTS)
def sampler_custom_advanced(  # noqa: PLR0913 -- the inputs of ComfyUI's node, and what a session gives
    noise: NoisePort,
    guider: GuiderPort,
    sampler: SamplerPort,
    sigmas: SigmasPort,
    latent_image: LatentImage,
    *,
    pool: Hidden[Pool],
    previews: Hidden[Previews],
) -> tuple[LatentImage, LatentImage]:
    """Sample with noise, guidance, sampler and noise levels of your own. The second output is the last estimate."""
    return finish(Run(guider, sampler, sigmas, noise), latent_image, pool, previews)


@node(name="RandomNoise", category="sampling/custom_sampling/noise")
def random_noise(noise_seed: Seed = 0) -> NoisePort:
    """Begin a run with random noise that the seed decides."""
    return SeededNoise(noise_seed)


@node(name="DisableNoise", category="sampling/custom_sampling/noise")
def disable_noise() -> NoisePort:
    """Begin a run without noise: the latent has its own."""
    return NoNoise()


@node(name="AddNoise", category="_for_testing/custom_sampling/noise")
def add_noise(model: Model, noise: NoisePort, sigmas: SigmasPort, latent_image: LatentImage) -> LatentImage:
    """Add noise to a latent, as much as there is at the first of the noise levels."""
    if len(sigmas) == 0:
        return latent_image
    with about("latent_image"):
        latent = fit_latent(latent_image, model.latent_format)
    samples = to_model(latent["samples"].float(), model.latent_format)
    noisy = model.sampling.noise_scaling(sigmas[0], noise.draw(latent), samples)
    return {**latent, "samples": model.latent_format.process_out(noisy)}


NODES = (sampler_custom, sampler_custom_advanced, random_noise, disable_noise, add_noise)
