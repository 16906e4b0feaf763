from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nodebook.assets.folders import Folders
from nodebook.engine.library import BUILTIN, Library
from nodebook.engine.ports import PortRegistry
from nodebook.nodes import builtin_nodes, register_ports

torch.set_num_threads(1)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders.under(tmp_path)
    for folder in (made.input, made.output, made.temp):
        folder.mkdir()
    return made


@pytest.fixture(scope="session")
def library() -> Library:
    ports = PortRegistry()
    register_ports(ports)
    library = Library(ports)
    library.define_all(builtin_nodes(), origin=BUILTIN)
    return library
