from collections.abc import Iterator
from pathlib import Path

import pytest

from nodebook.sessions import Session, use_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A kernel over the test's folder, with a disk cache that keeps everything."""
    own = Session(folder=tmp_path, cache_folder=tmp_path / "cache")
    if own.cache.disk is not None:
        own.cache.disk.min_seconds = 0
    restore = use_session(own)
    yield own
    own.close()
    restore()
