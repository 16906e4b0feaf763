"""How samplers show what they have so far. Loads nothing heavy, since messages of the editor are checked by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from nodebook.errors import InputValueError

PreviewMethod = Literal["auto", "latent2rgb", "taesd", "none"]
"""ComfyUI's names. ``auto``: by a TAESD where its file is in the folder ``vae_approx``, else by ``latent2rgb``, which
is a fit of colours to latents."""

PREVIEW_METHODS: Final[tuple[PreviewMethod, ...]] = get_args(PreviewMethod)
LEAST_SIDE_PX: Final = 16
MOST_SIDE_PX: Final = 4096


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """What previews are drawn by, and how long their longer side may be, in pixels.

    Raises ``InputValueError`` for what is not possible.
    """

    method: PreviewMethod = "auto"
    size_px: int = 512

    def __post_init__(self) -> None:
        """Check both."""
        if self.method not in PREVIEW_METHODS:
            raise InputValueError(
                f"There is no preview method {self.method!r}. There are: {', '.join(PREVIEW_METHODS)}."
            )
        if type(self.size_px) is not int or not LEAST_SIDE_PX <= self.size_px <= MOST_SIDE_PX:
            raise InputValueError(
                f"The size of previews must be a whole number of pixels from {LEAST_SIDE_PX} to {MOST_SIDE_PX}, got "
                f"{self.size_px!r}. 512 is usual."
            )
