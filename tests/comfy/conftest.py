from collections.abc import Iterator

import pytest

from nodebook.sessions import Session, use_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    own = Session(folder=tmp_path_factory.mktemp("session"))
    restore = use_session(own)
    yield own
    restore()
    own.close()
