"""Where code comes from: the notebook and files beside it count by what they say, installed code by its version."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import NamedTuple

from nodebook.engine.fingerprint import digest

NOTEBOOK_MODULE = "__main__"
_PACKAGE = __name__.partition(".")[0]


class Stamp(NamedTuple):
    """The version of installed code. Not portable where none could be found: another machine may have another one."""

    text: bytes
    is_portable: bool = True


def is_installed(module: str) -> bool:
    """Whether a module is of the interpreter, of a package folder or of nodebook; all else may change under our hands.

    A module that has no file and is not Python's own was made by code, and counts as that code.
    """
    if module == NOTEBOOK_MODULE:
        return False
    top = module.partition(".")[0]
    if top == _PACKAGE:
        return True
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if isinstance(file, str):
        return is_installed_file(file)
    return _is_own(top)


def stamp(module: str) -> Stamp:
    """Return the version of an installed module's distribution."""
    return _stamp(module.partition(".")[0])


def source_digest(module: str) -> bytes | None:
    """Return a digest of the file of a module that is not loaded; None where it is installed or not to be found."""
    top = module.partition(".")[0]
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None or not found.has_location or found.origin is None or is_installed_file(found.origin):
        return None
    try:
        return digest(Path(found.origin).read_bytes())
    except OSError:
        return None


@cache
def _installed_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names} | {site.getusersitepackages()}
    return tuple(os.path.realpath(each) + os.sep for each in folders)


@cache
def is_installed_file(file: str) -> bool:
    """Whether a file is of the interpreter or of a package folder."""
    real = os.path.realpath(file)
    if real.startswith(_installed_folders()):
        return True
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(real).parts)


def _is_own(top: str) -> bool:
    return top in sys.stdlib_module_names or top in sys.builtin_module_names


@cache
def _providers() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


@cache
def _stamp(top: str) -> Stamp:
    if top == _PACKAGE:
        return Stamp(_own_stamp())
    if _is_own(top):
        return Stamp(b"python")  # whose version is in every key
    own = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(own, str):
        return Stamp(own.encode())
    try:
        return Stamp(importlib.metadata.version(top).encode())
    except (importlib.metadata.PackageNotFoundError, ValueError):
        names = sorted(set(_providers().get(top, ())))
    return Stamp(",".join(map(importlib.metadata.version, names)).encode(), is_portable=bool(names))


def _own_stamp() -> bytes:
    """Return nodebook's version and, of a checkout, whose version stands still, a digest of its sources."""
    folder = Path(__file__).resolve().parents[1]
    try:
        version = importlib.metadata.version(_PACKAGE).encode()
    except importlib.metadata.PackageNotFoundError:
        version = b"unknown"
    if is_installed_file(__file__):
        return version
    parts = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - {"js", "static", "__pycache__"})  # not Python; node_modules is vast
        for name in sorted(files):
            if name.endswith(".py"):
                path = Path(place, name)
                parts.append(str(path.relative_to(folder)).encode() + b"\0" + digest(path.read_bytes()))
    return version + digest(b"".join(parts))
