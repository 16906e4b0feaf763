"""Names of variables: from titles and types, each once, and none that Python or the code means otherwise."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from itertools import count

_MOST = 40
_RESERVED = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "nb", "nodebook"})
_BORDER = re.compile(r"(?<=[A-Z]{2})(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])")

_ASIDE = re.compile(r"\s*\([^()]*\)")  # "CLIP Text Encode (Prompt)"


def is_name(text: str) -> bool:
    """Whether a text stands in code as it is: an identifier that Python does not read as another one."""
    return text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text


def variable(text: str, otherwise: str = "node") -> str:
    """Return a title or the name of a type as a variable is written: ``CLIPTextEncode`` → ``clip_text_encode``."""
    said = _ASIDE.sub("", text) or text
    parts = re.sub(r"\W+", "_", _BORDER.sub("_", said)).strip("_").lower()
    found = unicodedata.normalize("NFKC", parts)[:_MOST].strip("_")
    if found[:1].isdigit():
        found = f"{otherwise}_{found}"
    return found if is_name(found) else otherwise


class Names:
    """The names that one part of the code has given."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = {*_RESERVED, *taken}
        self._next: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """Return the name, or the first of ``name_2``, ``name_3`` that is free."""
        if wanted not in self._taken:
            self._taken.add(wanted)
            return wanted
        for turn in count(self._next.get(wanted, 2)):
            name = f"{wanted}_{turn}"
            if name not in self._taken:
                self._next[wanted] = turn + 1
                self._taken.add(name)
                return name
        raise AssertionError
