"""The libraries that networks are built from take seconds to import: they are loaded ahead of their first use."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from threading import Thread

logger = logging.getLogger(__name__)

_NEEDED = (
    "transformers.models.clip.modeling_clip",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.models.autoencoders.autoencoder_kl",
)


@cache
def load_ahead() -> Thread:
    """Begin to import what networks are built from, in the background, once a process; returns at once.

    Who needs a library meanwhile waits for what is left of its import. What fails here fails again there, and is told.
    """
    thread = Thread(target=_load, name="nodebook-libraries", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for name in _NEEDED:
        try:
            import_module(name)
        except Exception:
            logger.debug("Loading %s ahead failed", name, exc_info=True)
