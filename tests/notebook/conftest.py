from collections.abc import Iterator
from pathlib import Path

import pytest

from nodebook.sessions import Session, use_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A kernel over the test's folder."""
    session = Session(folder=tmp_path)
    restore = use_session(session)
    yield session
    session.close()
    restore()
