"""Errors of the editor's kernel side."""

from __future__ import annotations

from nodebook.errors import NodebookError


class FrontendMissingError(NodebookError, FileNotFoundError):
    """The front end's bundle was not built."""


class MalformedMessageError(NodebookError, ValueError):
    """A message from a view is not one of the protocol."""
