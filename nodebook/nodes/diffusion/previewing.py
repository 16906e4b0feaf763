"""What draws the previews of a run: a linear fit of the latents, or a TAESD of the folder ``vae_approx``.

Source: spec models.md K.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from nodebook.models.folders import ModelFolders
from nodebook.models.handles import Patched
from nodebook.models.latents import LatentFormat
from nodebook.models.load import load_tiny_vae
from nodebook.models.pool import Pool
from nodebook.models.previews import Previewer, previewer

PreviewMethod = Literal["none", "auto", "latent2rgb", "taesd"]
"""ComfyUI's names: ``auto`` is ``latent2rgb``; ``taesd`` is that too where the decoder's file is not there."""


@contextmanager
def leased_previewer(
    latent_format: LatentFormat, method: PreviewMethod, *, pool: Pool, folders: ModelFolders
) -> Iterator[Previewer | None]:
    """Give what draws previews of a model's latents; None where none are wanted, or the format has no way to.

    A TAESD is leased until the block ends.
    """
    network = find_decoder(latent_format, folders) if method == "taesd" else None
    if method == "none":
        yield None
    elif network is None:
        yield previewer(latent_format)
    else:
        with pool.lease(network) as (tiny_vae,):
            yield previewer(latent_format, tiny_vae)


def find_decoder(latent_format: LatentFormat, folders: ModelFolders) -> Patched | None:
    """Return the TAESD that draws a format's previews, None where its decoder's file is not in ``vae_approx``."""
    wanted = latent_format.tiny_vae
    name = next((each for each in folders.names("vae_approx") if wanted and Path(each).stem == wanted), None)
    if name is None:
        return None
    return load_tiny_vae(None, folders.resolve("vae_approx", name), latent_format).network
