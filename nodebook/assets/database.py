"""One SQLite file that several processes share: opened, checked, brought up to date, or left alone.

Write-ahead logging: readers never wait for a writer, and a killed process leaves the last whole transaction. With
``synchronous=NORMAL`` a power cut may take the last transactions with it, which for a cache is a matter of time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from nodebook.assets.errors import CacheUnusableError

APPLICATION_ID = 0x6E62_6B31
REVISIONS = ("0001",)
"""Every schema there ever was, oldest first; the last is ours. Another one was written by a newer nodebook."""

BUSY_MS = 10_000
"""How long a transaction waits for that of another process. They take milliseconds."""

_READ_ONLY = "nodebook_reads"
_TABLES_QUERY = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

metadata = MetaData()

results = Table(
    "results",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", LargeBinary),
    Column("format", Integer),
    Column("node", Text),
    Column("seconds", Float),
    Column("value_bytes", Integer),
    Column("stored_bytes", Integer),
    Column("created", Float),
    Column("used", Float),
    Column("pinned", Boolean),
    Column("tree", LargeBinary),
    Column("inline", LargeBinary),
    Column("parts", LargeBinary),
    Column("checksum", LargeBinary),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("result", Integer, primary_key=True),
    Column("bytes", Integer),
)

costs = Table(
    "costs",
    metadata,
    Column("node", Text, primary_key=True),
    Column("code", LargeBinary, primary_key=True),
    Column("count", Integer),
    Column("seconds", Float),
    Column("result_bytes", Float),
    Column("peak_bytes", Float),
    Column("used", Float),
)


def open_database(path: Path) -> Engine:
    """Return the engine of a database, made or brought up to date. Its transactions take the write lock at once.

    Raises ``CacheUnusableError`` where the file is of a newer nodebook or somebody else's, and leaves it as it is. A
    file that is no database at all, or a broken one, is set aside under another name, and a new one is begun.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheUnusableError(f"The cache folder {path.parent} cannot be made: {error}.") from error
    try:
        return _open(path)
    except DBAPIError as error:
        if not is_broken(error):
            raise CacheUnusableError(f"The cache's index {path} cannot be opened: {error.orig}.") from error
    set_aside(path)
    try:
        return _open(path)
    except DBAPIError as error:
        raise CacheUnusableError(f"The cache's index {path} cannot be opened: {error.orig}.") from error


def is_broken(error: Exception) -> bool:
    """Say whether an error means that the file itself is damaged or no database."""
    return any(words in str(getattr(error, "orig", error)) for words in ("malformed", "not a database"))


def set_aside(path: Path) -> None:
    """Rename a broken database and what belongs to it; processes that still have it open keep their own files."""
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"broken-{path.name}{suffix}"))


def reader(engine: Engine) -> Connection:
    """Return a connection on which each statement is a transaction of its own, without a lock on writers."""
    return engine.connect().execution_options(**{_READ_ONLY: True})


def _open(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    try:
        with reader(engine) as connection:
            _check_owner(connection, path)
            if _revision(connection) == REVISIONS[-1]:
                return engine
        with engine.begin() as connection:
            _bring_up_to_date(connection, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MS}", "journal_size_limit=67108864"):
        cursor.execute(f"PRAGMA {pragma}").fetchall()
    cursor.close()


def _on_begin(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READ_ONLY):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_owner(connection: Connection, path: Path) -> None:
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if owner != APPLICATION_ID and (owner or connection.exec_driver_sql(_TABLES_QUERY).scalar()):
        raise CacheUnusableError(
            f"{path} is a database of another program, so results are not kept beyond this kernel. Move it away, or "
            "set NODEBOOK_CACHE_DIR to another folder."
        )


def _revision(connection: Connection) -> str | None:
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar()
    if not found:
        return None
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if revision is None else str(revision)


def _bring_up_to_date(connection: Connection, path: Path) -> None:
    """Run the changes that a database lacks, in the transaction that is open; another process may just have done it."""
    revision = _revision(connection)
    if revision == REVISIONS[-1]:
        return
    if revision is not None and revision not in REVISIONS:
        raise CacheUnusableError(
            f"The cache {path.parent} was written by a newer nodebook (schema {revision}, this one knows "
            f"{REVISIONS[-1]}), so results are not kept beyond this kernel. Upgrade nodebook, or set "
            "NODEBOOK_CACHE_DIR to another folder."
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
