"""The errors of this room. A message names the subject, what was expected, what came instead, and the next step."""

from __future__ import annotations

from nodebook.errors import NodebookError


class ModelError(NodebookError):
    """Root of what can be wrong with models and with what they are asked to do."""


class ModelFileNotFoundError(ModelError, FileNotFoundError):
    """No file of that name is in the model folders of its kind."""

    __str__ = Exception.__str__


class BrokenModelError(ModelError, ValueError):
    """A file was recognised, but cannot be loaded: truncated, or with weights missing or of wrong shapes."""


class UnknownModelError(ModelError, ValueError):
    """A file is readable, but no family's matcher recognises what is in it."""


class UnsafeModelError(ModelError, ValueError):
    """A pickled file holds more than weights, and reading it could run code."""


class UnsuitableModelError(ModelError, ValueError):
    """A model is of another kind or family than what it is used for."""


class PoolFullError(ModelError, MemoryError):
    """What must be in memory at once is larger than the pool may be."""


class PromptError(ModelError, ValueError):
    """A text cannot be encoded."""


class SamplingError(ModelError, ValueError):
    """A sampler, a schedule or a latent does not fit what it is asked to do."""


class LatentError(ModelError, ValueError):
    """A latent, or a picture to be made one, has a shape, channels or a size that cannot be worked with."""


class NotANumberError(ModelError, ArithmeticError):
    """A network was given values that are no numbers (NaN), or answered with such."""


class ModelFolderError(ModelError, ValueError):
    """There is no such kind of model folder, or a file that lists model folders cannot be understood."""
