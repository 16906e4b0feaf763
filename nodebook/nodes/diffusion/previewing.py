"""What draws the previews of a run: a linear fit of the latents, or a TAESD of the folder ``vae_approx``.

Source: spec models.md K.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from nodebook.models.errors import ModelError
from nodebook.models.folders import ModelFolders
from nodebook.models.handles import Patched
from nodebook.models.latents import LatentFormat
from nodebook.models.load import load_tiny_vae
from nodebook.models.pool import Pool
from nodebook.models.preview_options import PreviewMethod, PreviewOptions
from nodebook.models.previews import Picture, Previewer, previewer

logger = logging.getLogger(__name__)

Draw = Callable[[Tensor], Picture | None]
"""A previewer that may have nothing to show."""


class Previews:
    """How the samplers of a session show what they have so far: ``nb.session().previews``.

    ``method`` and ``size_px`` can be set at any time; a run takes what is set when one of its samplers begins.
    """

    def __init__(self, pool: Pool, folders: ModelFolders, on_change: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._folders = folders
        self._on_change = on_change
        self._options = PreviewOptions()

    def __repr__(self) -> str:
        return f"<previews method={self.method!r} size_px={self.size_px}>"

    @property
    def options(self) -> PreviewOptions:
        """Both settings."""
        return self._options

    @options.setter
    def options(self, options: PreviewOptions) -> None:
        self._options = options
        self._on_change()

    @property
    def method(self) -> PreviewMethod:
        """``auto``, ``latent2rgb``, ``taesd`` or ``none``. Raises ``InputValueError`` for another."""
        return self._options.method

    @method.setter
    def method(self, method: PreviewMethod) -> None:
        self.options = replace(self._options, method=method)

    @property
    def size_px(self) -> int:
        """How long the longer side may be, in pixels. Raises ``InputValueError`` for a size that cannot be."""
        return self._options.size_px

    @size_px.setter
    def size_px(self, size_px: int) -> None:
        self.options = replace(self._options, size_px=size_px)

    @contextmanager
    def leased(self, latent_format: LatentFormat) -> Iterator[Draw | None]:
        """Give what draws previews of a model's latents; None where none are wanted, or the format has no way to.

        A TAESD is leased until the block ends. Where it cannot be used the linear fit draws, and a warning says why:
        no run fails for its previews.
        """
        options = self._options
        if options.method == "none":
            yield None
            return
        plain = previewer(latent_format, max_side_px=options.size_px)
        with ExitStack() as held:
            by_network = None if options.method == "latent2rgb" else self._by_network(latent_format, options, held)
            yield plain if by_network is None else _falling_back(by_network, plain)

    def _by_network(self, latent_format: LatentFormat, options: PreviewOptions, held: ExitStack) -> Previewer | None:
        try:
            network = find_decoder(latent_format, self._folders)
            if network is not None:
                (tiny_vae,) = held.enter_context(self._pool.lease(network))
                return previewer(latent_format, tiny_vae, max_side_px=options.size_px)
        except (ModelError, OSError) as error:
            logger.warning("Previews are drawn without a TAESD: %s", error)
        else:
            if options.method == "taesd":
                logger.warning("Previews are drawn without a TAESD: %s.", _where_from(latent_format))
        return None


def find_decoder(latent_format: LatentFormat, folders: ModelFolders) -> Patched | None:
    """Return the TAESD that draws a format's previews, None where its decoder's file is not in ``vae_approx``."""
    wanted = latent_format.tiny_vae
    name = next((each for each in folders.names("vae_approx") if wanted and Path(each).stem == wanted), None)
    if name is None:
        return None
    return load_tiny_vae(None, folders.resolve("vae_approx", name), latent_format).network


def _where_from(latent_format: LatentFormat) -> str:
    if not latent_format.tiny_vae:
        return "none is known for the latents of this model"
    return f"put {latent_format.tiny_vae}.safetensors into the model folder vae_approx"


def _falling_back(by_network: Previewer, plain: Previewer | None) -> Draw:
    """Draw by a network until it fails (memory has run out, say), and then without it."""
    works = True

    def draw(latent: Tensor) -> Picture | None:
        nonlocal works
        if works:
            try:
                return by_network(latent)
            except (RuntimeError, ValueError) as error:
                logger.warning("Previews are drawn without a TAESD: %s", error)
                works = False
        return None if plain is None else plain(latent)

    return draw
