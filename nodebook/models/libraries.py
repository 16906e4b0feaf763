"""The libraries that networks are built from take seconds to import: they are loaded ahead of their first use."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from threading import RLock, Thread

logger = logging.getLogger(__name__)

_NEEDED = (
    "transformers.models.clip.modeling_clip",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.models.autoencoders.autoencoder_kl",
)

importing = RLock()
"""Held by who imports one of these libraries, or builds with it, for as long as that takes.

Both put another module in their place at the end of their import (transformers' ``_LazyModule``). A thread that came
meanwhile waits, but is then given the first one, which has no classes: "cannot import name".
"""


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
            with importing:
                import_module(name)
        except Exception:
            logger.debug("Loading %s ahead failed", name, exc_info=True)
