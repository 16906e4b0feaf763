"""The errors of this room."""

from __future__ import annotations

from nodebook.errors import NodebookError


class PromptFormatError(NodebookError, ValueError):
    """What was given is not a ComfyUI API prompt."""


class NotInPromptError(NodebookError, ValueError):
    """A graph holds what an API prompt cannot express."""
