"""How fast pictures may go: a rate, and no more than what the browsers have painted lately."""

from __future__ import annotations

from dataclasses import dataclass, field

from nodebook.widget.protocol import PictureKind

INTERVAL_S: dict[PictureKind, float] = {"preview": 1 / 30, "result": 1 / 120}
"""Previews: 50 to 56 frames a second of 64 KB are the ceiling of JupyterLab; results come in bursts after a reload."""

WINDOW = 8
"""Pictures that a client may have without having acknowledged them. Acknowledgements are few, ten a second: each takes
the page tens of milliseconds (its message, and the kernel's busy and idle), measured at 12 ms a frame without them, 60
with one a frame, 22 with one for four."""

SILENT_S = 1.0
"""A client that acknowledged nothing for this long holds nobody up."""


@dataclass(slots=True)
class _Client:
    last_seen: float
    unseen: set[int] = field(default_factory=set)


class Pacer:
    """Decides when the next picture may be sent. Times are seconds of any clock that goes steadily."""

    def __init__(self) -> None:
        self._clients: dict[str, _Client] = {}
        self._last_sent = float("-inf")

    def delay_s(self, kind: PictureKind, now: float) -> float:
        """Return the seconds until a picture of this kind may be sent; 0: now."""
        wait_s = self._last_sent + INTERVAL_S[kind] - now
        for client in self._clients.values():
            if len(client.unseen) >= WINDOW:
                wait_s = max(wait_s, client.last_seen + SILENT_S - now)
        return max(0.0, wait_s)

    def sent(self, seq: int, kind: PictureKind, now: float) -> None:
        """Note that a picture was sent. Clients that went silent are forgotten, until they acknowledge something."""
        # Counted from when it was due: a timer is always a little late, and the rate would fall with each frame.
        due = self._last_sent + INTERVAL_S[kind]
        self._last_sent = due if now - due < INTERVAL_S[kind] else now
        self._clients = {name: each for name, each in self._clients.items() if now - each.last_seen < SILENT_S}
        for client in self._clients.values():
            client.unseen.add(seq)

    def seen(self, client: str, seq: int, now: float) -> None:
        """Note that a client is done with a picture and with all before it."""
        known = self._clients.setdefault(client, _Client(now))
        known.last_seen = now
        known.unseen = {each for each in known.unseen if each > seq}
