"""The node types as views get them, with the files that can be chosen at this moment."""

from __future__ import annotations

import logging
from collections.abc import Callable

from nodebook.sessions import Session
from nodebook.widget.libraryjson import LibraryJson, library_json

logger = logging.getLogger(__name__)


class Catalogue:
    """A session's library for the views of one graph. Remembers which files it offered last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._offered: dict[str, list[str]] = {}

    def json(self) -> LibraryJson:
        """Return the library as it travels."""
        self._offered = self._files()
        return library_json(self._session.library, self._offered)

    def has_other_files(self) -> bool:
        """Say whether the folders hold others than were offered last."""
        return self._files() != self._offered

    def _files(self) -> dict[str, list[str]]:
        return {kind: self._list(kind, names) for kind, names in self._session.file_lists.items()}

    def _list(self, kind: str, names: Callable[[], list[str]]) -> list[str]:
        try:
            return names()
        except OSError as error:
            logger.warning("The %s cannot be listed: %s", kind, error)
            return []
