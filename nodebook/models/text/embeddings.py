"""Textual-inversion embeddings: vectors that a prompt names with ``embedding:name`` and that stand in for tokens.

Source: Gal et al., An Image is Worth One Word (2022); file formats as in spec models.md G.1.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from nodebook.models.errors import BrokenModelError, UnsafeModelError
from nodebook.models.files import SAFETENSORS_SUFFIXES, open_tensors, read_index

SUFFIXES: Final = (".safetensors", ".pt", ".bin")

_BUNDLED = "bundle_emb."
_VECTORS = "string_to_param"


def find_embedding(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the file of an embedding: ``name`` in one of the folders, with or without its suffix.

    ``name`` may hold folders (``style/ink``), but does not lead out of the folder it is looked for in.
    """
    if not name or "\0" in name:
        return None
    for folder in folders:
        for suffix in ("", *SUFFIXES):
            file = folder / f"{name}{suffix}"
            if file.suffix.lower() in SUFFIXES and _is_inside(file, folder):
                return file
    return None


def read_embedding(file: Path, encoder: str) -> Tensor:
    """Return the vectors of an embedding, [count, width] float32.

    encoder: ``clip_l``, ``clip_g``, ...: whose vectors to take where the file has those of several.

    Raises ``BrokenModelError`` where the file holds no vectors, or some that are not finite, and ``UnsafeModelError``
    for a pickled file that holds more than weights.
    """
    found = [each.detach().float().reshape(-1, each.shape[-1]) for each in _vectors(_load(file), encoder)]
    widths = {each.shape[1] for each in found}
    if len(widths) != 1:
        got = f"vectors of several widths ({sorted(widths)})" if widths else "no vectors"
        raise BrokenModelError(
            f"The embedding {file.name} holds {got} for {encoder}. Expected a textual-inversion file. It is {file}."
        )
    vectors = torch.cat(found)
    if not bool(torch.isfinite(vectors).all()):
        raise BrokenModelError(
            f"The embedding {file.name} holds values that are not finite; get it again. It is {file}."
        )
    return vectors


def _is_inside(file: Path, folder: Path) -> bool:
    try:
        return file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    except OSError:  # a name longer than the system takes
        return False


def _load(file: Path) -> Any:
    if file.suffix.lower() in SAFETENSORS_SUFFIXES:
        names = list(read_index(file).tensors)
        with open_tensors(file) as opened:
            return {name: opened.read(name) for name in names}
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" not in str(error) and "Weights only" not in str(error):
            raise _unreadable(file, error) from error
        raise UnsafeModelError(
            f"The embedding {file.name} holds more than weights: reading it could run code, so it is not read. "
            f"Use a .safetensors file of it. It is {file}."
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, OSError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> BrokenModelError:
    first = str(error).partition("\n")[0] or type(error).__name__
    return BrokenModelError(f"Cannot read the embedding {file.name}: {first}. It is {file}.")


def _vectors(loaded: Any, encoder: str) -> list[Tensor]:
    """Return the tensors of an embedding, in whichever of the known forms it was saved."""
    match loaded:
        case Tensor():
            found = _first({encoder: loaded})
        case list() | tuple():
            found = [tensor for each in loaded for tensor in _vectors(each, encoder)]
        case Mapping():
            found = _of_mapping(loaded, encoder)
        case _:
            found = []
    return found


def _of_mapping(loaded: Mapping[Any, Any], encoder: str) -> list[Tensor]:
    if isinstance(loaded.get(_VECTORS), Mapping):
        return _first(loaded[_VECTORS])
    if encoder in loaded:
        return _vectors(loaded[encoder], encoder)
    bundled = {name: tensor for name, tensor in loaded.items() if str(name).startswith(_BUNDLED)}
    own = {name: tensor for name, tensor in bundled.items() if name.endswith(f".{encoder}")}
    return _first(own or bundled or loaded)


def _first(named: Mapping[Any, Any]) -> list[Tensor]:
    """Return the first tensor that can be vectors; others (a step counter) may be beside it."""
    return [each for each in named.values() if _are_vectors(each)][:1]


def _are_vectors(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.ndim in {1, 2} and value.numel() > 0
