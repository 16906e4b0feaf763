"""Nodes that change models by small files: LoRA and its relatives."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import FileName, Hidden, Number
from nodebook.engine.node import node
from nodebook.models.files import content_digest
from nodebook.models.folders import ModelFolders
from nodebook.models.lora.attach import add_lora
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import Clip, Model

LoraName = Annotated[str, FileName("loras")]
Strength = Annotated[float, Field(ge=-100.0, le=100.0), Number(step=0.01)]


@node(name="LoraLoader", title="Load LoRA", category="loaders", outputs=("MODEL", "CLIP"))
def lora_loader(
    model: Model,
    clip: Clip,
    lora_name: LoraName,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    *,
    folders: Hidden[ModelFolders],
) -> tuple[Model, Clip | None]:
    """Change a model and its text encoders by a LoRA: a small file that teaches a style or a thing.

    lora_name: a file of the folder loras.
    strength_model: how strongly the model is changed; 0 leaves it as it is, below 0 turns it the other way.
    strength_clip: the same of the text encoders.
    """
    with about("lora_name"):
        path = folders.resolve("loras", lora_name)
        return add_lora(model, clip, path, strength_model=strength_model, strength_clip=strength_clip)


@node(name="LoraLoaderModelOnly", title="LoraLoaderModelOnly", category="loaders", outputs=("MODEL",))
def lora_loader_model_only(
    model: Model, lora_name: LoraName, strength_model: Strength = 1.0, *, folders: Hidden[ModelFolders]
) -> Model:
    """Change a model by a LoRA, and leave its text encoders as they are.

    lora_name: a file of the folder loras.
    strength_model: how strongly the model is changed; 0 leaves it as it is, below 0 turns it the other way.
    """
    with about("lora_name"):
        return add_lora(model, None, folders.resolve("loras", lora_name), strength_model=strength_model)[0]


def lora_digest(folders: ModelFolders, lora_name: str | None) -> str | None:
    """Return what joins the key of a node that reads a LoRA: the digest of the file's content."""
    path = folders.find("loras", lora_name) if lora_name else None
    return content_digest(path) if path else None


NODES = (lora_loader, lora_loader_model_only)

CHANGED: dict[str, Callable[..., str | None]] = {each.type_name: lora_digest for each in NODES}
"""Node → what tells that the file which it reads has changed, given the model folders and its inputs: not a
fingerprint, which would make a node run each time whose other inputs are linked."""
