"""nodebook: node graphs that live in a notebook cell.

Importing this loads nothing heavy: each public name is resolved when it is first used.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from nodebook.rooms import open_rooms

if TYPE_CHECKING:
    from nodebook import comfy as comfy
    from nodebook.engine.annotations import Color as Color
    from nodebook.engine.annotations import Curve as Curve
    from nodebook.engine.annotations import FileName as FileName
    from nodebook.engine.annotations import Hidden as Hidden
    from nodebook.engine.annotations import InputFile as InputFile
    from nodebook.engine.annotations import Lazy as Lazy
    from nodebook.engine.annotations import Number as Number
    from nodebook.engine.annotations import Picture as Picture
    from nodebook.engine.annotations import Port as Port
    from nodebook.engine.annotations import RawLink as RawLink
    from nodebook.engine.annotations import Seed as Seed
    from nodebook.engine.annotations import Text as Text
    from nodebook.engine.annotations import Toggle as Toggle
    from nodebook.engine.context import preview as preview
    from nodebook.engine.context import progress as progress
    from nodebook.engine.expansion import Subgraph as Subgraph
    from nodebook.engine.items import Block as Block
    from nodebook.engine.items import Items as Items
    from nodebook.engine.node import UI as UI
    from nodebook.functions import node as node
    from nodebook.graph import Graph as Graph
    from nodebook.nodes.ports import Image as Image
    from nodebook.nodes.ports import Mask as Mask
    from nodebook.notebook.binding import variable as variable
    from nodebook.notebook.code.python import from_python as from_python
    from nodebook.notebook.diff.diff import diff as diff
    from nodebook.notebook.publishing import publish as publish
    from nodebook.notebook.verifying.pictures import read_lock as read_lock
    from nodebook.notebook.verifying.verify import verify as verify
    from nodebook.opening import open_graph
    from nodebook.sessions import session as session
    from nodebook.subgraphs import subgraph as subgraph

    open = open_graph  # noqa: A001 - the public name of the design

_WHERE = {
    "Block": "engine.items",
    "Color": "engine.annotations",
    "Curve": "engine.annotations",
    "FileName": "engine.annotations",
    "Graph": "graph",
    "Hidden": "engine.annotations",
    "Image": "nodes.ports",
    "InputFile": "engine.annotations",
    "Items": "engine.items",
    "Lazy": "engine.annotations",
    "Mask": "nodes.ports",
    "Number": "engine.annotations",
    "Picture": "engine.annotations",
    "Port": "engine.annotations",
    "RawLink": "engine.annotations",
    "Seed": "engine.annotations",
    "Subgraph": "engine.expansion",
    "Text": "engine.annotations",
    "Toggle": "engine.annotations",
    "UI": "engine.node",
    "diff": "notebook.diff.diff",
    "from_python": "notebook.code.python",
    "node": "functions",
    "open": "opening:open_graph",
    "preview": "engine.context",
    "progress": "engine.context",
    "publish": "notebook.publishing",
    "read_lock": "notebook.verifying.pictures",
    "session": "sessions",
    "variable": "notebook.binding",
    "subgraph": "subgraphs",
    "verify": "notebook.verifying.verify",
}

__all__ = [  # noqa: PLE0604 - the table above, so that a name stands in one place
    "cache",
    "comfy",
    "pool",
    "queue",
    *_WHERE,
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("nodebook")
    if name == "comfy":
        return importlib.import_module("nodebook.comfy")
    if name in {"cache", "pool", "queue"}:
        return getattr(__getattr__("session")(), name)
    if name not in _WHERE:
        raise AttributeError(f"nodebook has no {name!r}. Its public names are: {', '.join(__all__)}.")
    module, _, attribute = _WHERE[name].partition(":")
    found = getattr(importlib.import_module(f"nodebook.{module}"), attribute or name)
    globals()[name] = found
    return found


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext nodebook``: register ``%%node``."""
    importlib.import_module("nodebook.notebook.magics").load(shell)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


open_rooms(lambda name: importlib.import_module(f"nodebook.{name}"))
