"""The node types as views get them, with the pictures that can be chosen at this moment."""

from __future__ import annotations

import logging

from nodebook.sessions import Session
from nodebook.widget.protocol import LibraryJson, library_json

logger = logging.getLogger(__name__)


class Catalogue:
    """A session's library for the views of one graph. Remembers which pictures it offered last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._offered: list[str] = []

    def json(self) -> LibraryJson:
        """Return the library as it travels."""
        self._offered = self._pictures()
        return library_json(self._session.library, self._offered)

    def has_other_pictures(self) -> bool:
        """Say whether the input folder holds others than were offered last."""
        return self._pictures() != self._offered

    def _pictures(self) -> list[str]:
        try:
            return self._session.folders.pictures()
        except OSError as error:
            logger.warning("The input folder cannot be listed: %s", error)
            return []
