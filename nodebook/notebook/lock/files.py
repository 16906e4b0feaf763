"""The files that a graph's nodes read by name, as a lock keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nodebook.engine.nodetype import NodeType
from nodebook.notebook.lock.format import LockedFile
from nodebook.notebook.lock.hashes import FileHashes

if TYPE_CHECKING:
    from nodebook.sessions import Session

_SOURCE_KEYS = ("modelspec.source", "modelspec.url", "source", "url", "download_url", "homepage")
_SOURCE_CHARS = 300


class Named(NamedTuple):
    """A file that an input names: which, and where it lies; no path where there is none of that name."""

    kind: str
    name: str
    category: str | None
    path: Path | None


def files_named(session: Session, node_type: NodeType, literals: Mapping[str, Any]) -> Iterator[tuple[str, Named]]:
    """Return the files that a node's inputs name, by input."""
    for spec in node_type.inputs:
        value = literals.get(spec.name)
        if not isinstance(value, str) or not value:
            continue
        widget = spec.widget or {}
        listed = widget.get("files")
        if isinstance(listed, str):
            yield from _of_list(session, spec.name, listed, value)
        elif "embeddings" in widget.get("complete", ()):
            yield from _embeddings(session, spec.name, value)


def find_file(session: Session, file: LockedFile) -> Path | None:
    """Return the file that a lock names, as this session finds it."""
    if file.kind == "model" and file.category is not None:
        return find_model(session, file.category, file.name)
    return find_input(session, file.name)


def find_model(session: Session, category: str, name: str) -> Path | None:
    """Return a file of a model folder; None where there is none, or no such folder."""
    from nodebook.models.errors import ModelFolderError

    try:
        return session.model_folders.find(category, name)
    except ModelFolderError:
        return None


def find_input(session: Session, name: str) -> Path | None:
    """Return a file of the input folder, or of a path; None where there is none."""
    try:
        return session.folders.resolve(name)
    except (ValueError, OSError):
        return None


def _of_list(session: Session, input_name: str, listed: str, value: str) -> Iterator[tuple[str, Named]]:
    from nodebook.models.folders import CATEGORIES

    if listed not in CATEGORIES:
        yield input_name, Named("input", value, None, find_input(session, value))
        return
    if listed == "vae":
        from nodebook.nodes.diffusion.loaders import TINY_VAES, find_tiny_halves

        if value in TINY_VAES:
            for half in find_tiny_halves(session.model_folders, value) or ():
                yield f"{input_name} {half.name}", Named("model", half.name, "vae_approx", half)
            return
    yield input_name, Named("model", value, listed, find_model(session, listed, value))


def _embeddings(session: Session, input_name: str, prompt: str) -> Iterator[tuple[str, Named]]:
    if "embedding:" not in prompt:
        return
    from nodebook.models.text.prompt import embedding_files

    folders = session.model_folders.folders("embeddings")
    for path in sorted(embedding_files(prompt, folders)):
        name = next((path.relative_to(each).as_posix() for each in folders if path.is_relative_to(each)), path.name)
        yield f"{input_name} {name}", Named("model", name, "embeddings", path)


def lock_file(named: Named, hashes: FileHashes, *, wait: bool) -> LockedFile | None:
    """Return what a lock keeps of a file; None where it cannot be read."""
    from nodebook.assets.folders import file_digest
    from nodebook.models.errors import ModelFileNotFoundError
    from nodebook.models.files import content_digest

    path = named.path
    if path is None:
        return None
    try:
        size = path.stat().st_size
        if named.kind == "input":
            return LockedFile("input", named.name, size, sha256=file_digest(path))
        quick = content_digest(path)
    except (OSError, ModelFileNotFoundError):
        return None
    return LockedFile(
        "model",
        named.name,
        size,
        category=named.category,
        xxh3=quick,
        sha256=hashes.sha256(path, wait=wait),
        source=_source_of(path),
    )


def is_as_run(file: LockedFile, key_prefix: bytes) -> bool:
    """Say whether the content of a file is the one that joined the key of the node that read it."""
    return any(content is not None and content.encode() in key_prefix for content in (file.xxh3, file.sha256))


def _source_of(path: Path) -> str | None:
    """Return where the header of a safetensors file says that it is from."""
    from nodebook.models.errors import ModelError
    from nodebook.models.files import SAFETENSORS_SUFFIXES, read_index

    if path.suffix.lower() not in SAFETENSORS_SUFFIXES:
        return None
    try:
        metadata = read_index(path).metadata
    except (ModelError, OSError):
        return None
    found = next((metadata[key] for key in _SOURCE_KEYS if metadata.get(key)), None)
    return found[:_SOURCE_CHARS] if isinstance(found, str) else None
