"""Pictures on their way to the views: the newest of each node wins, and the last are kept for whoever comes late."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any, Protocol

from nodebook.widget.inbox import Scheduler, Task
from nodebook.widget.pacing import Pacer
from nodebook.widget.protocol import PictureKind, PictureMessage

logger = logging.getLogger(__name__)


class Encoded(Protocol):
    """A small encoded picture, as ``nodes.thumbnails`` makes them."""

    @property
    def data(self) -> bytes:
        """The bytes of the file."""

    @property
    def mime(self) -> str:
        """What kind of file it is."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""


Encode = Callable[[Any], Encoded]
SendPicture = Callable[[PictureMessage, bytes], None]


def encode_small(picture: Any) -> Encoded:
    """Return a small copy of a picture, array or tensor. Raises ``PictureError`` for what is not a picture."""
    from nodebook.nodes.thumbnails import encode_thumbnail

    return encode_thumbnail(picture)


@dataclass(frozen=True, slots=True)
class _Preview:
    """A picture that is not encoded yet: most are overtaken before their turn."""

    picture: Any


@dataclass(frozen=True, slots=True)
class _Frame:
    encoded: Encoded
    index: int
    count: int
    kind: PictureKind
    result: int = 0
    """Counts the results of a node: pictures of one batch have the same."""


class PictureDesk:
    """Sends pictures in the order in which their nodes had something new, as fast as ``Pacer`` lets it.

    ``show_preview`` may be called from the thread that computes: it only keeps the picture. All work is done on
    ``inbox``. Only bytes are kept, never what they were made of.
    """

    def __init__(
        self,
        send: SendPicture,
        inbox: Scheduler,
        *,
        encode: Encode = encode_small,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._send = send
        self._inbox = inbox
        self._encode = encode
        self._clock = clock
        self._pacer = Pacer()
        self._seqs = count(1)
        self._results = count(1)
        self._waiting: dict[str, _Preview | deque[_Frame]] = {}
        self._kept: dict[str, list[_Frame]] = {}
        self._is_pumping = False
        self._take_back_timer: Task | None = None
        self._lock = Lock()

    def show_preview(self, node: str, picture: Any) -> None:
        """Show a picture of a node that is working."""
        with self._lock:
            # A place in the queue is kept: a node that sends faster than it is served must not starve.
            self._waiting[node] = _Preview(picture)
        self._pump_soon()

    def show_result(self, node: str, pictures: Sequence[Any], total: int | None = None) -> None:
        """Show what a node made, in place of its previews. Encodes at once: the caller may let the pictures go.

        ``total``: how many pictures there are, where these are only the first of them.
        """
        encoded = [each for picture in pictures if (each := self._try_encode(node, picture)) is not None]
        if not encoded:
            return
        number, rest = next(self._results), (len(pictures) if total is None else total) - len(pictures)
        frames = [_Frame(each, index, len(encoded) + rest, "result", number) for index, each in enumerate(encoded)]
        with self._lock:
            self._kept[node] = frames
            self._waiting[node] = deque(frames)
        self._pump_soon()

    def show_more(self, node: str, start: int, pictures: Sequence[Any]) -> None:
        """Show further pictures of the result that is shown; they are sent to those who are there, and not kept."""
        with self._lock:
            kept = self._kept.get(node)
        if not kept or kept[0].kind != "result":
            return
        first = kept[0]
        encoded = ((index, self._try_encode(node, each)) for index, each in enumerate(pictures, start))
        more = [_Frame(each, index, first.count, "result", first.result) for index, each in encoded if each is not None]
        with self._lock:
            if self._kept.get(node) is not kept or not more:
                return
            waiting = self._waiting.get(node)
            if isinstance(waiting, deque):
                waiting.extend(more)
            else:
                self._waiting[node] = deque(more)
        self._pump_soon()

    def show_again(self) -> None:
        """Send the newest pictures of all nodes once more, for a view that has just come."""
        with self._lock:
            for node, frames in self._kept.items():
                if node not in self._waiting:
                    self._waiting[node] = deque(frames)
        self._pump_soon()

    def seen(self, client: str, seq: int) -> None:
        """Note that a client is done with a picture and with all before it."""
        with self._lock:
            self._pacer.seen(client, seq, self._clock())
        self._pump_soon()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._waiting.clear()
            self._kept.clear()

    def _pump_soon(self) -> None:
        with self._lock:
            if self._is_pumping or not self._waiting:
                return
            self._is_pumping = True
        self._inbox.put(self._pump)

    def _pump(self) -> None:
        """Send what may be sent now, and come back when the next may."""
        with self._lock:
            self._is_pumping = False
            if self._take_back_timer is not None:
                self._take_back_timer()
                self._take_back_timer = None
        while (found := self._next()) is not None:
            node, what = found
            if isinstance(what, _Preview):
                encoded = self._try_encode(node, what.picture)
                del what, found
                if encoded is None:
                    continue
                what = _Frame(encoded, 0, 1, "preview")
                with self._lock:
                    if isinstance(self._waiting.get(node), deque):
                        continue  # the result came meanwhile
                    self._kept[node] = [what]
            self._send_frame(node, what)

    def _next(self) -> tuple[str, _Preview | _Frame] | None:
        """Take the next picture out of the queue, if it may be sent now; else set a timer."""
        with self._lock:
            if not self._waiting:
                return None
            node, what = next(iter(self._waiting.items()))
            kind: PictureKind = "preview" if isinstance(what, _Preview) else what[0].kind
            delay_s = self._pacer.delay_s(kind, self._clock())
            if delay_s > 0:
                self._take_back_timer = self._inbox.later(delay_s, self._pump)
                return None
            if isinstance(what, _Preview):
                del self._waiting[node]
                return node, what
            frame = what.popleft()
            if not what:
                del self._waiting[node]
            return node, frame

    def _send_frame(self, node: str, frame: _Frame) -> None:
        encoded = frame.encoded
        with self._lock:
            seq = next(self._seqs)
            self._pacer.sent(seq, frame.kind, self._clock())
        message: PictureMessage = {
            "type": "picture",
            "node": node,
            "index": frame.index,
            "count": frame.count,
            "width": encoded.width,
            "height": encoded.height,
            "mime": encoded.mime,
            "seq": seq,
            "kind": frame.kind,
            "result": frame.result,
        }
        self._send(message, encoded.data)

    def _try_encode(self, node: str, picture: Any) -> Encoded | None:
        try:
            return self._encode(picture)
        except Exception as error:  # noqa: BLE001 -- a picture that cannot be shown must not end the others
            logger.debug("The picture of node %s cannot be shown: %s", node, error)
            return None
