"""What the outputs of a node hold, as a lock keeps it: a digest, words, and a signature of each picture."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from nodebook.engine.cache import Entry
from nodebook.engine.fingerprint import digest, encode
from nodebook.engine.items import Items
from nodebook.engine.nodetype import NodeType
from nodebook.engine.words import clipped
from nodebook.errors import FingerprintError
from nodebook.notebook.lock import likeness
from nodebook.notebook.lock.format import LockedResult

MOST_PICTURES = 16
"""Of so many pictures of a batch a signature is kept."""

_PICTURE_PORTS = frozenset({"IMAGE", "MASK"})
_TEXT_CHARS = 40


def locked_results(node_type: NodeType | None, entry: Entry, *, is_target: bool) -> dict[str, LockedResult]:
    """Return what a node gave and showed, by the name of the output. Reads everything: about 1.5 GB/s.

    ``is_target``: a signature of each picture is wanted, and at least words for what has no content (a model).
    """
    specs = () if node_type is None else node_type.outputs
    values = {spec.name: value for spec, value in zip(specs, entry.outputs, strict=False)}
    pictured = {spec.name for spec in specs if spec.port in _PICTURE_PORTS}
    for name, value in sorted(entry.payload.items()):
        if name not in values and not _is_path(value):
            values[name] = value
            if _holds_pil(value):
                pictured.add(name)
    found = {}
    for name, value in values.items():
        content = content_of(value)
        if content is not None or is_target:
            pictures = pictures_of(value)[:MOST_PICTURES] if is_target and name in pictured else []
            found[name] = LockedResult(in_words(value), content, tuple(map(likeness.sight_of, pictures)))
    return found


def pictures_of(value: Any) -> list[Any]:
    """Return the pictures of a value in 8 bits, as a saved file has them; empty where it holds none."""
    try:
        return list(_pictures(value))
    except (TypeError, ValueError, RuntimeError):  # a value that only claims to be a picture
        return []


def content_of(value: Any) -> str | None:
    """Return a digest of what a value holds, the same in every process; None for what has none (a model's handle)."""
    try:
        return digest(encode(list(value) if type(value) is Items else value)).hex()
    except (FingerprintError, RecursionError):
        return None


def _pictures(value: Any) -> Iterator[Any]:
    from PIL import Image as PILImage

    if isinstance(value, PILImage.Image):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _pictures(each)
    else:
        from nodebook.nodes.convert import to_image
        from nodebook.nodes.save import saved_pils

        yield from saved_pils(to_image(value)[:MOST_PICTURES])


def _holds_pil(value: Any) -> bool:
    from PIL import Image as PILImage

    held = value if isinstance(value, (list, tuple)) else [value]
    return bool(held) and all(isinstance(each, PILImage.Image) for each in held)


def _is_path(value: Any) -> bool:
    """Say whether a value names files that were saved: where they lie is no result."""
    held = value if isinstance(value, (list, tuple)) else [value]
    return bool(held) and all(isinstance(each, (str, Path)) and Path(each).is_absolute() for each in held)


def pixels_digest(picture: Any) -> str:
    """Return a digest of a picture's size and pixels, as a saved file has them."""
    plain = picture if picture.mode == "RGBA" else picture.convert("RGB")
    return sha256(f"{plain.mode} {plain.size} ".encode() + plain.tobytes()).hexdigest()


def in_words(value: Any) -> str:
    """Return what a value is, without what differs from process to process."""
    if isinstance(value, (bool, int, float, type(None))):
        return repr(value)
    if isinstance(value, str):
        return repr(clipped(value, _TEXT_CHARS))
    kind = type(value).__name__
    if isinstance(value, (list, tuple)):
        inside = in_words(value[0]) if value else "nothing"
        return f"{kind} of {len(value)}: {inside}" if len(value) != 1 else f"one {inside}"
    if isinstance(value, dict):
        return f"{kind} of {', '.join(sorted(map(str, value)))[:_TEXT_CHARS]}"
    return _object_in_words(value, kind)


def _object_in_words(value: Any, kind: str) -> str:
    if hasattr(value, "width") and hasattr(value, "mode"):
        return f"picture {value.width} x {value.height} {value.mode}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{kind} {' x '.join(map(str, shape)) or 'scalar'} {str(dtype).removeprefix('torch.')}"
    return kind
