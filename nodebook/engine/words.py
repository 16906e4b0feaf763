"""Words for people from the names of code."""

from __future__ import annotations

import re

_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[A-Z][a-z])")


def title_of(name: str) -> str:
    """Return words for a function or class name: ``soft_glow`` → "Soft Glow", ``ImageBlur`` → "Image Blur".

    A single capital stays with its word (KSampler), and so do capitals with the digit before them (DPMPP 2M).
    """
    words = _BETWEEN_WORDS.sub(" ", name).replace("_", " ").split()
    return " ".join(word if word.isupper() else word[0].upper() + word[1:] for word in words)


def clipped(text: str, most: int) -> str:
    """Return a text of at most so many characters: where some are left out, the last is "…"."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
