from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodebook.sessions import Session, use_session


@pytest.fixture
def new_session(tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Start a kernel over the test's folder; each call ends the one before it."""
    begun: list[tuple[Session, Callable[[], None]]] = []

    def end() -> None:
        while begun:
            session, restore = begun.pop()
            session.close()
            restore()

    def begin() -> Session:
        end()
        session = Session(folder=tmp_path)
        begun.append((session, use_session(session)))
        return session

    yield begin
    end()


@pytest.fixture
def session(new_session: Callable[[], Session]) -> Session:
    return new_session()
