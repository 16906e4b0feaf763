"""Nodes that save latents to files and read them. The files are those of ComfyUI: safetensors named ``.latent``."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from nodebook.assets.files import is_file, stays_inside
from nodebook.assets.folders import Folders, file_digest
from nodebook.assets.pictures import GRAPH_CHUNK
from nodebook.assets.prefixes import expand_prefix, save_numbered
from nodebook.engine.annotations import FileName, Hidden
from nodebook.engine.context import RunDocument
from nodebook.engine.node import UI, node
from nodebook.models.errors import BrokenModelError, ModelFileNotFoundError
from nodebook.models.latents import SD1
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.latent_sizes import PIXELS_PER_ELEMENT
from nodebook.nodes.diffusion.ports import LatentImage
from nodebook.nodes.save import value_finder

SUFFIX = ".latent"
LIST_NAME = "latents"
"""What ``FileName`` calls the list of latent files."""

LatentName = Annotated[str, FileName(LIST_NAME)]

_SAMPLES = "latent_tensor"
_UNSCALED = "latent_format_version_0"
"""An empty tensor that says that the latent is in the VAE's scale; files without it are in that of SD 1 models."""


@node(name="SaveLatent", title="SaveLatent", category="_for_testing", is_output=True, aliases=("export",))
def save_latent(
    samples: LatentImage,
    filename_prefix: str = "latents/ComfyUI",
    *,
    folders: Hidden[Folders],
    document: Hidden[RunDocument] | None = None,
) -> UI:
    """Save latents as a file in the output folder. The file carries the graph that made it.

    filename_prefix: as of Save Image; may name folders.
    """
    values = samples["samples"]
    height, width = (side * PIXELS_PER_ELEMENT for side in values.shape[-2:])
    text = document.json if document is not None else None
    with about("filename_prefix"):
        prefix = expand_prefix(
            filename_prefix, width=width, height=height, now=datetime.now().astimezone(), find_value=value_finder(text)
        )
        path = save_numbered(folders.output, prefix, encode_latent(values, graph=text), suffix=SUFFIX)
    return UI(latents=[str(path)])


@node(name="LoadLatent", title="LoadLatent", category="_for_testing", aliases=("import",))
def load_latent(latent: LatentName, *, folders: Hidden[Folders]) -> LatentImage:
    """Read latents from a file in the input folder.

    latent: a name in the input folder, or a path.
    """
    with about("latent"):
        path = resolve_latent(folders, latent)
        return {"samples": decode_latent(path.read_bytes(), path.name)}


def encode_latent(samples: Tensor, *, graph: str | None = None) -> bytes:
    """Return a file's bytes of samples in the VAE's scale, with the document of the graph that made them."""
    tensors = {_SAMPLES: samples.detach().cpu().contiguous(), _UNSCALED: torch.zeros(0)}
    return save(tensors, metadata={GRAPH_CHUNK: graph} if graph is not None else None)


def decode_latent(data: bytes, name: str) -> Tensor:
    """Return the samples of a file in the VAE's scale, float32.

    Raises ``BrokenModelError`` where it is no such file.
    """
    try:
        tensors = load(data)
        samples = tensors[_SAMPLES].to(torch.float32)
    except (SafetensorError, KeyError) as error:
        raise BrokenModelError(
            f"{name} is no file of latents ({error}): expected safetensors with a tensor {_SAMPLES!r}, as Save Latent "
            "writes them. Save it again, or choose another."
        ) from error
    return samples if _UNSCALED in tensors else samples / SD1.scale


def latent_names(folders: Folders) -> list[str]:
    """Return the names of the latent files in the input folder, sorted."""
    found = folders.input.rglob(f"*{SUFFIX}") if folders.input.is_dir() else ()
    return sorted(path.relative_to(folders.input).as_posix() for path in found)


def resolve_latent(folders: Folders, name: str) -> Path:
    """Return the file that a name means: in the input folder, or a path below the working folder or absolute.

    Raises ``ModelFileNotFoundError`` where there is none.
    """
    inside = stays_inside(folders.input, name)
    for path in (*([inside] if inside else []), folders.base / name):
        if is_file(path):
            return path
    known = latent_names(folders)
    hint = f"There are, for example, {', '.join(map(repr, known[:3]))}." if known else "Put one there first."
    raise ModelFileNotFoundError(f"There is no file of latents {name!r} in {folders.input}. {hint}")


def latent_digest(folders: Folders, latent: str, **_others: Any) -> str:
    """Return what joins the key of Load Latent: the digest of the file."""
    with about("latent"):
        return file_digest(resolve_latent(folders, latent))


READERS = (load_latent,)
"""Nodes to be keyed by ``latent_digest``."""

NODES = (save_latent, load_latent)
