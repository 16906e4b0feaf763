"""A LoRA file put onto a model and its text encoders, with what does not fit said at once.

Nothing is built for that: names and shapes are in the headers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nodebook.models.errors import UnsuitableModelError
from nodebook.models.files import WeightsIndex, read_index, weights_file
from nodebook.models.handles import ClipHandle, ModelHandle, Patched
from nodebook.models.lora.formats import group_tensors
from nodebook.models.lora.looks import looks_like
from nodebook.models.lora.parameters import parameter_shapes
from nodebook.models.lora.patch import LoraPatch
from nodebook.models.lora.plan import OF_VARIANTS, LoraPlan, plan_lora, some

logger = logging.getLogger(__name__)

_OF_ENCODERS = ("lora_te", "text_encoder")


def add_lora(
    model: ModelHandle, clip: ClipHandle | None, path: Path, *, strength_model: float = 1.0, strength_clip: float = 0.0
) -> tuple[ModelHandle, ClipHandle | None]:
    """Return the model and the text encoders with a LoRA added, each at its own strength; at 0 the same handle.

    Layers that nothing here has are left out, and a warning is logged. Raises ``UnsuitableModelError`` where none is
    found, or where shapes differ: the file was made for another family, and the message says which it looks like.
    """
    if strength_model == 0 and (clip is None or strength_clip == 0):
        return model, clip
    index = read_index(path)
    networks = [model.network, *(clip.encoders if clip is not None else ())]
    plans = {each: _plan(index, each) for each in networks}
    _check(index, networks, list(plans.values()), has_encoders=clip is not None)
    file = weights_file(path)

    def patched(network: Patched, strength: float) -> Patched:
        if strength == 0 or not plans[network].changes:
            return network
        return Patched(network.part, (*network.patches, LoraPatch(file, strength)))

    model = replace(model, network=patched(model.network, strength_model))
    if clip is not None:
        clip = replace(clip, encoders=tuple(patched(each, strength_clip) for each in clip.encoders))
    return model, clip


def _plan(index: WeightsIndex, network: Patched) -> LoraPlan:
    return plan_lora(index, network.part, parameter_shapes(network.part))


def _check(index: WeightsIndex, networks: Sequence[Patched], plans: Sequence[LoraPlan], *, has_encoders: bool) -> None:
    """Raise where a file does not fit these networks, and log what of it goes unused."""
    layers, unknown = group_tensors(index.tensors)
    name, targets = (
        index.path.name,
        " and ".join(f"the {each.part.name} of {each.part.file.path.name}" for each in networks),
    )
    misfits = [
        f"{parameter} is {shapes}"
        for plan in plans
        for parameter, shapes in plan.misfits.items()
        if not parameter.startswith(OF_VARIANTS)
    ]
    if misfits:
        raise UnsuitableModelError(
            f"The LoRA {name} does not fit {targets}: {some(misfits)}. It looks made for {looks_like(index.tensors)}; "
            "use it with a model of that family."
        )
    used = frozenset().union(*(plan.layers for plan in plans))
    if not used:
        raise UnsuitableModelError(
            f"The LoRA {name} changes nothing in {targets}: it looks made for {looks_like(index.tensors)}. "
            "Use a LoRA of the model's own family."
        )
    unused = [each for each in (*layers, *unknown) if each not in used]
    if not has_encoders:
        unused = [each for each in unused if not each.startswith(_OF_ENCODERS)]
    if unused:
        logger.warning(
            "The LoRA %s fits, but %d of its %d layers are not in %s and are left out: %s.",
            name,
            len(unused),
            len(layers) + len(unknown),
            targets,
            some(unused),
        )
    skipped = [parameter for plan in plans for parameter in plan.misfits]
    if skipped:
        logger.warning("The LoRA %s has %s in another shape: left out.", name, some(skipped))
