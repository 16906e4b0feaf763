"""What sampling costs beside the model: the loop's own time in each step, and a picture beside a plain diffusers loop.

    python benchmarks/bench_sampling.py [--repeats 5] [--steps 20]

Overhead is the processor's time of a run that is not spent inside the network, beside a network's call of 50 ms, with
progress and previews as in a run of a graph; time in which other programs had the processor is not counted. The picture
is made twice with the same random networks (a small U-Net, a VAE), by the nodes' functions and by a loop as diffusers'
own pipeline has it, by turns in one process, since the machine's speed changes from minute to minute.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import perf_counter, sleep, thread_time
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from nodebook.engine.context import NodeContext, current_node
from nodebook.models.build import Built
from nodebook.models.handles import ModelHandle, Part, Patched, VaeHandle, WeightsFile
from nodebook.models.latents import SD1
from nodebook.models.pool import Pool
from nodebook.models.sampling.parametrisation import ModelSampling
from nodebook.models.sampling.schedules import DiscreteSchedule
from nodebook.models.values import Conditioning
from nodebook.nodes.diffusion.ksampler import ksampler
from nodebook.nodes.diffusion.vae import vae_decode

CALL_S = 0.05
PROMISED_OVERHEAD = 0.02
PROMISED_RATIO = 1.05
WIDTH, TOKENS = 64, 77
CFG = 7.0


class Sleeper(nn.Module):
    """Takes 50 ms for a call, and remembers how much of the processor's time its calls took."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()), requires_grad=False)
        self.config = SimpleNamespace(
            cross_attention_dim=WIDTH, in_channels=4, projection_class_embeddings_input_dim=None
        )
        self.inside_s = 0.0

    def forward(self, x: Tensor, *_arguments: Any, **_named: Any) -> tuple[Tensor]:
        """Wait, and say that all is noise."""
        start = thread_time()
        sleep(CALL_S)
        self.inside_s += thread_time() - start
        return (x,)


def handle(name: str) -> Patched:
    """Return a part that the pool builds by name."""
    return Patched(Part(WeightsFile(name, Path(name)), name, None))


def pool_of(**networks: nn.Module) -> Pool:
    """Return a pool that holds these networks."""
    return Pool(device="cpu", build=lambda part, _dtype: Built(networks[part.name]), estimate=lambda _part, _dtype: 0)


def model() -> ModelHandle:
    """Return a model like SD 1.x."""
    return ModelHandle(handle("unet"), "sd1", ModelSampling(DiscreteSchedule()), SD1)


def prompt(seed: int) -> Conditioning:
    """Return a conditioning of random tokens."""
    tokens = torch.randn(1, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))
    return [[tokens, {}]]


def make_latent(pool: Pool, side: int, steps: int) -> Tensor:
    """Run KSampler as a node of a graph: with progress and previews."""
    context = NodeContext("1", Event(), lambda *_: None, lambda *_: None)
    token = current_node.set(context)
    try:
        latent = ksampler(
            model(),
            seed=1,
            steps=steps,
            cfg=CFG,
            sampler_name="euler",
            scheduler="normal",
            positive=prompt(1),
            negative=prompt(2),
            latent_image={"samples": torch.zeros(1, 4, side, side)},
            pool=pool,
        )
    finally:
        current_node.reset(token)
    return latent["samples"]


def overhead(side: int, steps: int, repeats: int) -> float:
    """Return the seconds a step that are not spent in the network, the best of some runs."""
    network = Sleeper()
    pool = pool_of(unet=network)
    found = []
    for _ in range(repeats + 1):
        network.inside_s = 0.0
        start = thread_time()
        make_latent(pool, side, steps)
        found.append((thread_time() - start - network.inside_s) / steps)
    return min(found[1:])


def networks() -> tuple[Any, Any]:
    """Return a small U-Net and a small VAE with random weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel

    torch.manual_seed(0)
    make_unet: Callable[..., Any] = UNet2DConditionModel
    make_vae: Callable[..., Any] = AutoencoderKL
    unet = make_unet(
        block_out_channels=(64, 128, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
    )
    vae = make_vae(
        block_out_channels=(32, 32, 32, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
    )
    return unet.eval().requires_grad_(False), vae.eval().requires_grad_(False)


def plain_loop(unet: Any, vae: Any, side: int, steps: int) -> Tensor:
    """Make a picture as diffusers' pipeline for Stable Diffusion does."""
    from diffusers import EulerDiscreteScheduler

    make: Callable[..., Any] = EulerDiscreteScheduler
    scheduler = make(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    scheduler.set_timesteps(steps)
    x = torch.randn(1, 4, side, side, generator=torch.Generator().manual_seed(1)) * scheduler.init_noise_sigma
    tokens = torch.cat([prompt(2)[0][0], prompt(1)[0][0]])
    with torch.no_grad():
        for time in scheduler.timesteps:
            scaled = scheduler.scale_model_input(torch.cat([x, x]), time)
            uncond, cond = unet(scaled, time, encoder_hidden_states=tokens, return_dict=False)[0].chunk(2)
            x = scheduler.step(uncond + CFG * (cond - uncond), time, x, return_dict=False)[0]
        picture = vae.decode(x / SD1.scale, return_dict=False)[0]
        result: Tensor = (picture / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    return result


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    gc.collect()
    start = perf_counter()
    work()
    return perf_counter() - start


def picture_ratio(side: int, steps: int, repeats: int) -> tuple[float, float]:
    """Return the seconds of a picture by the nodes, and by the plain loop: the best of turns taken."""
    unet, vae = networks()
    pool = pool_of(unet=unet, vae=vae)

    def by_nodes() -> None:
        vae_decode({"samples": make_latent(pool, side, steps)}, VaeHandle(handle("vae")), pool=pool)

    def by_loop() -> None:
        plain_loop(unet, vae, side, steps)

    by_nodes()
    by_loop()
    turns = [(seconds(by_nodes), seconds(by_loop)) for _ in range(repeats)]
    return min(nodes for nodes, _ in turns), min(loop for _, loop in turns)


def main() -> int:
    """Print the figures; return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    kept = True
    for side in (64, 128):
        share = overhead(side, options.steps, options.repeats) / CALL_S
        kept &= share <= PROMISED_OVERHEAD
        print(f"loop at {side * 8} x {side * 8}: {share * CALL_S * 1e3:.3f} ms a step, {share:.2%} of a call of 50 ms")
    nodes, loop = picture_ratio(64, options.steps, options.repeats)
    kept &= nodes / loop <= PROMISED_RATIO
    print(
        f"picture of 512 x 512, {options.steps} steps: {nodes:.3f} s, plain loop {loop:.3f} s, ratio {nodes / loop:.3f}"
    )
    print(
        f"promise: loop ≤ {PROMISED_OVERHEAD:.0%} of a call, picture ≤ {PROMISED_RATIO} times the plain loop: "
        f"{'kept' if kept else 'NOT KEPT'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
