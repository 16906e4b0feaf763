"""Steps that bring a document of an older version to the present one.

``STEPS[n]`` takes the JSON of a document of version ``n`` and returns the JSON of version ``n + 1``; it may change the
dictionary that it is given. A step is never edited once released: the old dumps in ``tests/engine/dumps`` replay it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nodebook.errors import DocumentError, NewerDocumentError

VERSION = 1
"""The document version that this nodebook writes, and the newest that it reads."""

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[int, Step] = {}
"""Version 1 is the first, so there is no step yet."""


def upgrade(data: dict[str, Any], *, steps: Mapping[int, Step] = STEPS) -> dict[str, Any]:
    """Return a document in the present version.

    Raises ``NewerDocumentError`` for a version above ``VERSION`` and ``DocumentError`` where a step is missing.
    """
    version = data["nodebook"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise DocumentError(f'The document\'s "nodebook" must be its version, a whole number; got {version!r}.')
    if version > VERSION:
        raise NewerDocumentError(
            f"The document was written by a newer nodebook (document version {version}; this one reads up to "
            f"{VERSION}). Update nodebook to open it. The file is untouched."
        )
    for step_from in range(version, VERSION):
        if step_from not in steps:
            raise DocumentError(
                f"The document has version {version}, and this nodebook has no step from version {step_from} to "
                f"{step_from + 1}. Open it once with the nodebook that wrote it."
            )
        data = {**steps[step_from](data), "nodebook": step_from + 1}
    return data
