"""How running out of memory shows in torch, and how what is left over is given back.

``nodebook.nodes.memory`` has the same for nodes; this room may not import that one.
"""

from __future__ import annotations

import gc

import torch

_WORDS = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether memory ran out: on the device or, told by a plain RuntimeError, in torch's allocator on the CPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def return_memory(device: torch.device) -> None:
    """Free what nothing refers to any more, and let the device's allocator return what it keeps for later."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
