"""KSampler: a model, two prompts and a latent in, a latent out."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Hidden, Number
from nodebook.engine.node import node
from nodebook.models.guidance.guiders import CFGGuider
from nodebook.models.guidance.sample import NoiseSource, NoNoise, Run, SeededNoise, fit_latent, sample
from nodebook.models.pool import Pool
from nodebook.models.sampling.registry import Sampler
from nodebook.models.sampling.schedulers import ksampler_sigmas, step_range
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import Cond, LatentImage, Model
from nodebook.nodes.diffusion.previewing import Previews
from nodebook.nodes.diffusion.samplers import SamplerName
from nodebook.nodes.diffusion.schedulers import SchedulerName
from nodebook.nodes.diffusion.steps import shown_steps

Seed = Annotated[int, Field(ge=0, le=2**64 - 1, description="What the random noise is drawn from.")]
Steps = Annotated[int, Field(ge=1, le=10000)]
Scale = Annotated[
    float,
    Field(ge=0.0, le=100.0, description="How far from the negative prompt; 1 leaves it out."),
    Number(step=0.1),
]
StepIndex = Annotated[int, Field(ge=0, le=10000)]


@node(name="KSampler", title="KSampler", category="sampling", aliases=("sampler", "txt2img", "img2img", "denoise"))
def ksampler(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    model: Model,
    *,
    seed: Seed = 0,
    steps: Steps = 20,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: SchedulerName = "simple",
    positive: Cond,
    negative: Cond,
    latent_image: LatentImage,
    denoise: Annotated[float, Field(ge=0.0, le=1.0), Number(step=0.01)] = 1.0,
    pool: Hidden[Pool],
    previews: Hidden[Previews],
) -> LatentImage:
    """Make a picture out of noise, step by step, as the prompts say.

    latent_image: an empty latent for a new picture, or an encoded picture to change.
    denoise: how much of the picture is made anew; below 1 the composition stays.
    """
    sigmas = ksampler_sigmas(model.sampling, sampler_name, scheduler, steps, denoise=denoise)
    guider = CFGGuider(model, positive, negative, cfg)
    run = Run(guider, Sampler.of(sampler_name), sigmas, SeededNoise(seed))
    return finish(run, latent_image, pool, previews)[0]


@node(name="KSamplerAdvanced", title="KSampler (Advanced)", category="sampling")
def ksampler_advanced(  # noqa: PLR0913 -- the inputs of ComfyUI's node
    model: Model,
    *,
    add_noise: Literal["enable", "disable"] = "enable",
    noise_seed: Seed = 0,
    steps: Steps = 20,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: SchedulerName = "simple",
    positive: Cond,
    negative: Cond,
    latent_image: LatentImage,
    start_at_step: StepIndex = 0,
    end_at_step: StepIndex = 10000,
    return_with_leftover_noise: Literal["disable", "enable"] = "disable",
    pool: Hidden[Pool],
    previews: Hidden[Previews],
) -> LatentImage:
    """Do some of the steps of a run, so that several samplers, or models, can share one picture.

    add_noise: disable where the latent comes from an earlier part of the run with its noise left in.
    start_at_step: behind the last step, the latent is returned as it is.
    return_with_leftover_noise: disable ends the part without noise, enable leaves it for the next one.
    """
    sigmas = ksampler_sigmas(model.sampling, sampler_name, scheduler, steps)
    sigmas = step_range(sigmas, start_at_step, end_at_step, leaves_noise=return_with_leftover_noise == "enable")
    noise: NoiseSource = SeededNoise(noise_seed) if add_noise == "enable" else NoNoise(noise_seed)
    run = Run(CFGGuider(model, positive, negative, cfg), Sampler.of(sampler_name), sigmas, noise)
    return finish(run, latent_image, pool, previews)[0]


def finish(run: Run, latent: LatentImage, pool: Pool, previews: Previews) -> tuple[LatentImage, LatentImage]:
    """Sample, showing what comes, and return the latent and the last estimate with all else that the latent had."""
    if len(run.sigmas):
        with about("latent_image"):
            fit_latent(latent, run.guider.model.latent_format)
    with shown_steps(run.guider.model, previews) as on_step:
        sampled = sample(run, latent, pool, on_step)
    return {**latent, "samples": sampled.samples}, {**latent, "samples": sampled.denoised}


NODES = (ksampler, ksampler_advanced)
