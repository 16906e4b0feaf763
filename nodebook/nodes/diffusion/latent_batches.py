"""Nodes that put batches of latents together and take them apart."""

from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.items import Items
from nodebook.engine.node import node
from nodebook.models import latent_operations as ops
from nodebook.nodes.diffusion.latent_sizes import Count, Few, check_room
from nodebook.nodes.diffusion.ports import LatentImage
from nodebook.nodes.sizes import MAX_SIDE_PX


@node(name="LatentFromBatch", title="Latent From Batch", category="latent/batch", aliases=("pick",))
def latent_from_batch(
    samples: LatentImage, batch_index: Annotated[int, Field(ge=0, le=63)] = 0, length: Few = 1
) -> LatentImage:
    """Take some latents out of a batch. They keep their masks and the noise they would get in the whole batch.

    batch_index: the first, counted from 0; the last where there are not as many.
    length: how many.
    """
    return ops.take(samples, batch_index, length)


@node(name="RepeatLatentBatch", title="Repeat Latent Batch", category="latent/batch")
def repeat_latent_batch(samples: LatentImage, amount: Few = 1) -> LatentImage:
    """Repeat a batch of latents. Each repetition gets noise of its own.

    amount: how many times it is there in the end.
    """
    check_room("RepeatLatentBatch", amount, *samples["samples"].shape)
    return ops.repeat(samples, amount)


@node(name="LatentBatch", category="latent/batch", aliases=("join",))
def latent_batch(samples1: LatentImage, samples2: LatentImage) -> LatentImage:
    """Put two batches of latents into one. The second is resized and cut to the size of the first.

    Each keeps the noise that it would get alone; a noise mask is the first batch's.
    """
    return ops.join(samples1, samples2)


@node(name="LatentBatchSeedBehavior", category="latent/advanced", aliases=("same noise",))
def latent_batch_seed_behavior(
    samples: LatentImage, seed_behavior: Literal["random", "fixed"] = "fixed"
) -> LatentImage:
    """Choose whether the latents of a batch get noise of their own (random), or all that of the first (fixed)."""
    result = ops.with_samples(samples, samples["samples"])
    given = result.pop("batch_index", [0])
    if seed_behavior == "fixed":
        result["batch_index"] = [given[0]] * len(samples["samples"])
    return result


@node(name="RebatchLatents", title="Rebatch Latents", category="latent/batch", outputs=("LATENT",))
def rebatch_latents(
    latents: Items[LatentImage],
    batch_size: Items[Count] = 1,  # type: ignore[assignment]  # one value stands for a list
) -> Items[LatentImage]:
    """Regroup latents into batches of one size. What reads them runs once for each batch.

    batch_size: latents in each batch; there may be fewer in the last, and where sizes change.
    """
    return Items(ops.regroup(latents, next(iter(batch_size))))


@node(name="ReplaceVideoLatentFrames", category="latent/batch")
def replace_video_latent_frames(
    destination: LatentImage,
    index: Annotated[int, Field(ge=-MAX_SIDE_PX, le=MAX_SIDE_PX), Number(step=1)] = 0,
    source: LatentImage | None = None,
) -> LatentImage:
    """Put frames of one video's latent in the place of another's. Where they do not fit, nothing is changed.

    index: the first frame that is replaced; negative counts from the end.
    source: the new frames.
    """
    if source is None:
        return destination
    return ops.with_samples(destination, ops.replace_frames(destination["samples"], source["samples"], index))


NODES = (
    latent_from_batch,
    repeat_latent_batch,
    latent_batch,
    latent_batch_seed_behavior,
    rebatch_latents,
    replace_video_latent_frames,
)
