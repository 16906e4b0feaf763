"""What can be wrong with a file, a file name or a picture."""

from __future__ import annotations

from nodebook.errors import NodebookError


class PictureError(NodebookError, ValueError):
    """A value or a file is not a picture that nodebook can use."""


class MissingPictureError(PictureError, FileNotFoundError):
    """No file of that name is in the folders where pictures are looked for."""


class UnreadablePictureError(PictureError, OSError):
    """The file is there, but it cannot be opened, is cut short, or is not a picture."""


class PictureTooLargeError(PictureError):
    """A picture has more pixels than nodebook is willing to allocate."""


class FileNameError(NodebookError, ValueError):
    """A file name leaves its folder, or cannot be a file name at all."""


class NoGraphError(NodebookError, LookupError):
    """A picture carries no nodebook graph."""


class NotStorableError(NodebookError, TypeError):
    """A value has no codec, so it lives in memory only. The message is the reason that ``nb.cache`` shows."""


class DamagedError(NodebookError, ValueError):
    """Stored bytes are cut short, changed, or not what their name says: they are never used."""


class MissingBlobError(DamagedError):
    """A stored result names bytes that are gone."""


class UnavailableError(NodebookError, ImportError):
    """A stored value is whole, but this process lacks what it needs: a library, a device."""


class CacheUnusableError(NodebookError, OSError):
    """The folder of the lasting cache cannot be used: written by a newer nodebook, not ours, or not writable."""
