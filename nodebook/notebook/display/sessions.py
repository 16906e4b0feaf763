"""What a cell shows for the session, and for the pool of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodebook.notebook.display.look import Block, Facts, Heading, Table, Words, bundle, counted
from nodebook.tables import bytes_text, seconds_text

if TYPE_CHECKING:
    from nodebook.models.ledger import Ledger
    from nodebook.models.pool import Pool
    from nodebook.sessions import Session

_LEDGER_HEAD = ("file", "part", "dtype", "memory", "mapped", "leases", "idle", "patches")


def session_bundle(session: Session) -> dict[str, Any]:
    """Return what a cell shows for a session: what it has, and what to ask for more."""
    memory, queue, ledger = session.cache.view().memory, session.queue, session.pool.ledger()
    running = "1 run goes on" if queue.running is not None else "nothing runs"
    facts = [
        ("folder", str(session.folder)),
        ("device", str(session.pool.device)),
        ("node types", f"{len(session.library):,}"),
        ("nb.queue", f"{running}, {counted(len(queue.pending), 'run')} waiting"),
        ("nb.cache", f"{counted(memory.entries, 'result')}, {bytes_text(memory.held_bytes)}"),
        ("nb.pool", f"{counted(len(ledger.rows), 'network')}, {bytes_text(ledger.used_bytes)}"),
        ("progress", session.progress),
    ]
    return bundle([Heading("nodebook session"), Facts(facts)])


def pool_html(pool: Pool) -> str:
    """Return a pool's ledger as a table."""
    return ledger_html(pool.ledger())


def ledger_html(ledger: Ledger) -> str:
    """Return a ledger as a table."""
    return str(bundle(_ledger(ledger))["text/html"])


def _ledger(ledger: Ledger) -> list[Block]:
    used = f"{bytes_text(ledger.used_bytes)} of {bytes_text(ledger.limit_bytes)} used"
    heading = Heading("Models in memory", f"{ledger.device}, {used}")
    if not ledger.rows:
        return [heading, Words("No model is loaded: a run that needs one loads it.", "muted")]
    rows = [
        (
            row.file,
            row.part,
            row.dtype,
            bytes_text(row.size_bytes),
            bytes_text(row.mapped_bytes) if row.mapped_bytes else "",
            f"{row.leases} in use" if row.leases else "",
            "" if row.leases else seconds_text(round(row.idle_s)),
            str(row.patches or ""),
        )
        for row in ledger.rows
    ]
    return [heading, Table(_LEDGER_HEAD, rows, numbers=(3, 4, 6, 7))]
