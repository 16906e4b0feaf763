"""The sessions of the API's tests serve here too."""

from tests.api.conftest import new_session, session

__all__ = ["new_session", "session"]
