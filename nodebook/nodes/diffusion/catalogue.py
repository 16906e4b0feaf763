"""The list of the diffusion nodes, and what tells which content the files have that they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nodebook.assets.folders import Folders
from nodebook.engine.node import NodeFunction
from nodebook.models.folders import CATEGORIES, ModelFolders
from nodebook.nodes.diffusion import (
    conditioning,
    custom,
    empty_latents,
    guiders,
    inpaint,
    ksampler,
    latent_batches,
    latent_files,
    latent_math,
    latents,
    loaders,
    lora,
    merge,
    model_sampling,
    options,
    samplers,
    schedulers,
    text,
    vae,
)

MODULES = (
    loaders,
    lora,
    text,
    conditioning,
    latents,
    empty_latents,
    ksampler,
    vae,
    inpaint,
    latent_batches,
    latent_math,
    custom,
    guiders,
    schedulers,
    samplers,
    model_sampling,
    options,
    merge,
)

NODES: tuple[NodeFunction[..., Any], ...] = (
    *(each for module in MODULES for each in module.NODES),
    *latent_files.NODES,
)

MODEL_DIGESTS: Mapping[str, Callable[..., str]] = {**loaders.DIGESTS}
"""Node -> the content of the model files that it reads, given the model folders and its inputs."""

MODEL_CHANGES: Mapping[str, Callable[..., str | None]] = {**lora.CHANGED, **text.CHANGED}
"""Node -> the content of files that it reads beside what is linked to it, given the same."""


FILE_DIGESTS: Mapping[str, Callable[..., str]] = {
    each.type_name: latent_files.latent_digest for each in latent_files.READERS
}
"""Node -> the content of the session's files that it reads, given the session's folders and its inputs."""


def file_lists(folders: Folders, model_folders: ModelFolders) -> dict[str, Callable[[], list[str]]]:
    """Return what there is of each kind of file that inputs name, asked for anew each time."""
    return {
        "input": folders.pictures,
        "input_files": folders.input_files,
        **{each: partial(model_folders.names, each) for each in CATEGORIES},
        "vae": partial(loaders.vae_names, model_folders),
        latent_files.LIST_NAME: partial(latent_files.latent_names, folders),
    }
