"""Renaming tensors by a table of module names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def rename(key: str, modules: Mapping[str, str]) -> str | None:
    """Return ``key`` with the longest module name of the table replaced, None where none of them holds it."""
    module = key
    while module:
        if module in modules:
            return modules[module] + key[len(module) :]
        module = module.rpartition(".")[0]
    return None


def rename_all(keys: Iterable[str], modules: Mapping[str, str]) -> dict[str, str]:
    """Return new name -> old name of all keys that the table knows."""
    return {new: key for key in keys if (new := rename(key, modules)) is not None}
