"""The built-in nodes: thin functions over torch and Pillow, with ComfyUI's names, inputs and defaults.

Importing this package loads nothing; its functions load torch and Pillow.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from nodebook.assets.codecs import CodecRegistry
    from nodebook.assets.folders import Folders
    from nodebook.engine.node import NodeFunction
    from nodebook.engine.ports import PortRegistry
    from nodebook.engine.valueops import ValueRegistry
    from nodebook.models.folders import ModelFolders
    from nodebook.models.pool import Pool
    from nodebook.nodes.diffusion.previewing import Previews

__all__ = [
    "builtin_nodes",
    "file_lists",
    "give_back",
    "is_out_of_memory",
    "new_pool",
    "new_previews",
    "register",
    "register_codecs",
    "register_ports",
    "register_values",
    "run_context",
]


def builtin_nodes(
    folders: Folders | None = None, model_folders: ModelFolders | None = None
) -> list[NodeFunction[..., Any]]:
    """Return all built-in nodes.

    Those that read files are keyed by what is in the file that the folders find; without folders they run each time,
    since nothing can say whether a file changed.
    """
    from nodebook.nodes.catalogue import collect

    return collect(folders, model_folders)


def file_lists(folders: Folders, model_folders: ModelFolders) -> dict[str, Callable[[], list[str]]]:
    """Return what widgets offer for each kind of file that ``FileName`` names, asked for anew each time."""
    from nodebook.nodes.diffusion import catalogue

    return catalogue.file_lists(folders, model_folders)


def new_pool() -> Pool:
    """Return an empty pool of models on the device that NODEBOOK_DEVICE names (``cuda:1``, ``cpu``).

    Without it that is the first graphics card, or the processor.
    """
    import torch

    from nodebook.models.pool import Pool

    return Pool(device=os.environ.get("NODEBOOK_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu"))


def new_previews(pool: Pool, folders: ModelFolders, on_change: Callable[[], None]) -> Previews:
    """Return how samplers show what they have so far, as it is set at first; ``on_change`` is called when it is set."""
    from nodebook.nodes.diffusion.previewing import Previews

    return Previews(pool, folders, on_change)


def register(ports: PortRegistry, values: ValueRegistry) -> None:
    """Teach an engine all that it must know of pictures."""
    register_ports(ports)
    register_values(values)


def register_ports(ports: PortRegistry) -> None:
    """Teach the engine the picture classes and which port types convert."""
    from nodebook.nodes import ports as module

    module.register_ports(ports)


def register_values(values: ValueRegistry) -> None:
    """Teach the engine how large pictures are, how to see that one was changed in place, and what they hold."""
    from nodebook.nodes import contents
    from nodebook.nodes import ports as module

    contents.register_encoders()
    module.register_values(values)


def register_codecs(codecs: CodecRegistry) -> None:
    """Teach the lasting cache how tensors are stored."""
    codecs.register_package("torch", "nodebook.nodes.codecs")


def run_context() -> AbstractContextManager[Any]:
    """Return the context in which nodes run: torch keeps no gradients."""
    import torch

    return torch.no_grad()  # not inference_mode: its tensors do not count in-place changes


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on the device or in the kernel."""
    from nodebook.nodes import memory

    return memory.is_out_of_memory(error)


def give_back() -> None:
    """Free what nothing refers to any more."""
    from nodebook.nodes import memory

    memory.give_back()
