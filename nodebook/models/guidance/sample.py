"""From noise to a latent: one run of a sampler over a guided model. Source: spec models.md E.1, F, K."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from nodebook.models.arithmetic import is_any, is_finite
from nodebook.models.errors import LatentError, NotANumberError, PoolFullError
from nodebook.models.guidance.areas import fit_batch, resize_mask
from nodebook.models.guidance.batching import Evaluator
from nodebook.models.guidance.conditioning import prepare
from nodebook.models.guidance.copies import patched
from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.guidance.guiders import Guider
from nodebook.models.guidance.masks import NoiseMask
from nodebook.models.guidance.options import Hooks, Schedule
from nodebook.models.handles import ModelHandle
from nodebook.models.latents import LatentFormat
from nodebook.models.networks import Canvas, Network, working_bytes
from nodebook.models.sampling.noise import initial_noise
from nodebook.models.sampling.registry import Sampler, check_sigmas
from nodebook.models.sampling.step import Step, StepHook
from nodebook.models.values import Latent

if TYPE_CHECKING:
    from nodebook.models.pool import Pool

_SEEDS = 2**64


class NoiseSource(Protocol):
    """NOISE: what a run begins with."""

    @property
    def seed(self) -> int:
        """Of the noise that samplers add on the way."""

    def draw(self, latent: Latent) -> Tensor:
        """Return noise like the latent's samples, float32 on the CPU."""


@dataclass(frozen=True, slots=True)
class SeededNoise:
    """Unit noise that a seed decides."""

    seed: int

    def draw(self, latent: Latent) -> Tensor:
        """Return unit noise; ``batch_index`` of the latent says which item gets which."""
        return initial_noise(latent["samples"].float(), self.seed, latent.get("batch_index"))


@dataclass(frozen=True, slots=True)
class NoNoise:
    """No noise to begin with: the latent has it already."""

    seed: int = 0

    def draw(self, latent: Latent) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(latent["samples"], dtype=torch.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What is to be sampled, and how."""

    guider: Guider
    sampler: Sampler
    sigmas: Tensor
    """[N + 1] descending, float32; empty: nothing is done."""

    noise: NoiseSource


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """What a run gives, [B, C, h, w] float32 on the CPU in the VAE's scale."""

    samples: Tensor
    denoised: Tensor
    """The model's last estimate; the samples themselves where there was no step."""


def sample(run: Run, latent: Latent, pool: Pool, on_step: StepHook | None = None) -> Sampled:
    """Return what the sampler makes of a latent with noise at the first level.

    The network is leased for the time of the run. ``on_step`` may raise to stop. Raises ``LatentError`` for a latent
    that the model cannot take, ``NotANumberError`` for a result that is not finite, ``UnsuitableModelError`` for
    conditioning that was made for another model, ``PoolFullError`` for a picture that does not fit into memory,
    ``SamplingError`` for levels that are not finite numbers [N + 1].
    """
    model = run.guider.model
    check_sigmas(run.sigmas)
    if len(run.sigmas) == 0:
        return Sampled(latent["samples"], latent["samples"])
    latent = fit_latent(latent, model.latent_format)
    noise = run.noise.draw(latent)
    entries = sum(len(each) for each in run.guider.conditionings().values())
    with torch.no_grad(), _leased(model, latent["samples"], pool, entries) as evaluator:
        sampled = _sample(run, latent, noise, evaluator, on_step)
        _check_finite(sampled.samples, evaluator.network.dtype)
    return sampled


def fit_latent(latent: Latent, latent_format: LatentFormat) -> Latent:
    """Return a latent with as many channels as the model has; an empty one is repeated or cut to them.

    Raises ``LatentError`` for one that is not empty, or is no latent at all, ``NotANumberError`` for one with NaN.
    """
    samples, channels = latent["samples"], latent_format.channels
    if samples.dim() != 4 or 0 in samples.shape:  # noqa: PLR2004 -- [B, C, h, w]
        raise LatentError(
            f"The latent must be a tensor [B, {channels}, h, w] with at least one item, got {list(samples.shape)}."
        )
    if not is_finite(samples):
        raise NotANumberError(
            "The latent holds values that are not numbers: what made it overflowed, often a VAE in half precision. "
            "Encode the picture with the VAE in float32."
        )
    if samples.shape[1] == channels:
        return latent
    if is_any(samples):
        raise LatentError(
            f"The latent has {samples.shape[1]} channels, the model expects {channels} ({latent_format.name}): it "
            "comes from the VAE of another family. Encode the picture with the VAE that belongs to the model."
        )
    size = (len(samples), channels, *samples.shape[2:])
    return {**latent, "samples": torch.zeros(size, dtype=samples.dtype)}


def to_model(samples: Tensor, latent_format: LatentFormat) -> Tensor:
    """Return a VAE's latent in the model's scale; an all-zero one stays zero, as it stands for nothing (spec M.3)."""
    return latent_format.process_in(samples) if is_any(samples) else samples


def _sample(run: Run, latent: Latent, noise: Tensor, evaluator: Evaluator, on_step: StepHook | None) -> Sampled:
    model, sampling = run.guider.model, run.guider.model.sampling
    device = next(evaluator.network.module.parameters()).device
    start = to_model(latent["samples"].float(), model.latent_format).to(device)
    noise = noise.to(device)
    denoiser = _denoiser(run, latent, start, noise, evaluator)
    sigmas = run.sigmas
    evaluator.network.expect(run.sampler.levels(sigmas).cpu())
    x = sampling.noise_scaling(sigmas[0], noise, start, max_denoise=sampling.is_max_denoise(sigmas[0].item()))
    last: list[Tensor] = []

    def tell(step: Step) -> None:
        last[:] = [step.denoised]
        if on_step is not None:
            on_step(step)

    x = run.sampler.run(denoiser, x, sigmas, seed=run.noise.seed, on_step=tell)
    last_sigma = run.sampler.levels(sigmas)[-1]
    samples = _from_model(sampling.inverse_noise_scaling(last_sigma, x), model.latent_format)
    return Sampled(samples, _from_model(last[0], model.latent_format) if last else samples)


def _from_model(x: Tensor, latent_format: LatentFormat) -> Tensor:
    return latent_format.process_out(x.float()).cpu()


def _denoiser(run: Run, latent: Latent, start: Tensor, noise: Tensor, evaluator: Evaluator) -> GuidedDenoiser:
    model = run.guider.model
    mask = _noise_mask(run, latent, start, noise)
    shape = (start.shape[0], start.shape[1], start.shape[2], start.shape[3])
    network = evaluator.network
    canvas = Canvas(shape, start.device, network.dtype, model.latent_format, start, None if mask is None else mask.mask)
    lists = prepare(run.guider.conditionings(), network, canvas)
    return GuidedDenoiser(run.guider, evaluator, lists, Hooks.of(model.options), mask)


def _noise_mask(run: Run, latent: Latent, start: Tensor, noise: Tensor) -> NoiseMask | None:
    mask = latent.get("noise_mask")
    if mask is None:
        return None
    model = run.guider.model
    if run.sampler.type.redraws_inpaint_noise:
        noise = initial_noise(noise.cpu(), (run.noise.seed + 1) % _SEEDS).to(noise.device)
    return NoiseMask(
        fit_batch(resize_mask(mask, start.shape[-2], start.shape[-1], start.device), len(start)),
        start,
        noise,
        Schedule(run.sigmas, model.sampling),
        Hooks.of(model.options).mask,
    )


@contextmanager
def _leased(model: ModelHandle, samples: Tensor, pool: Pool, entries: int) -> Iterator[Evaluator]:
    """Lend the model's network for a run, to be called on as many rows at once as memory allows."""
    with ExitStack() as held:
        (module,) = held.enter_context(pool.lease(model.network))
        most_rows = _reserve_rows(held, model, samples, pool, len(samples) * max(1, entries))
        network = Network(patched(module, Hooks.of(model.options).patches), model.family, model.sampling)
        yield Evaluator(network, most_rows)


def _reserve_rows(held: ExitStack, model: ModelHandle, samples: Tensor, pool: Pool, rows: int) -> int:
    """Reserve working memory for a call on so many rows, or half as many, ..., and return how many it is.

    Raises ``PoolFullError`` where not even one entry's batch fits.
    """
    element_bytes = pool.dtype_of(model.network.part).itemsize
    while True:
        wanted = working_bytes(model.family, (rows, samples.shape[-2], samples.shape[-1]), element_bytes)
        try:
            held.enter_context(pool.lease(working_bytes=wanted))
        except PoolFullError:
            if rows <= len(samples):
                raise
            rows = max(len(samples), rows // 2)
        else:
            return rows


def _check_finite(samples: Tensor, dtype: torch.dtype) -> None:
    if is_finite(samples):
        return
    advice = (
        "Try a lower CFG, another scheduler or more steps, or another model file: its weights may be damaged."
        if dtype == torch.float32
        else "Load the model in float32, or try a lower CFG."
    )
    raise NotANumberError(
        f"Sampling gave values that are not finite numbers (network in {str(dtype).removeprefix('torch.')}). {advice}"
    )
