"""Nodes that load models: they read headers and digests alone, weights are read when they are first used."""

from pathlib import Path
from typing import Annotated, Any

from nodebook.engine.annotations import FileName, Hidden
from nodebook.engine.node import node
from nodebook.models.files import content_digest
from nodebook.models.folders import ModelFolders
from nodebook.models.load import load_checkpoint
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import Clip, Model, Vae

CheckpointName = Annotated[str, FileName("checkpoints")]


def checkpoint_digest(folders: ModelFolders, ckpt_name: str, **_others: Any) -> str:
    """Return what joins the key of a node that loads a checkpoint: the digest of the file's content."""
    with about("ckpt_name"):
        return content_digest(folders.resolve("checkpoints", ckpt_name))


@node(name="CheckpointLoaderSimple", title="Load Checkpoint", category="loaders", outputs=("MODEL", "CLIP", "VAE"))
def checkpoint_loader_simple(
    ckpt_name: CheckpointName, *, folders: Hidden[ModelFolders]
) -> tuple[Model, Clip | None, Vae | None]:
    """Load a model with its text encoders and its VAE from one file, whose family is read from its header.

    ckpt_name: a file of the folder checkpoints.
    """
    with about("ckpt_name"):
        return load_checkpoint(folders.resolve("checkpoints", ckpt_name), embeddings=embedding_folders(folders))


def embedding_folders(folders: ModelFolders) -> tuple[Path, ...]:
    """Return where textual inversions are looked for."""
    return folders.folders("embeddings")


NODES = (checkpoint_loader_simple,)
