"""What the nodes of a graph made in its last run, small enough for a picture of the graph. Each is encoded once."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from nodebook.engine.nodetype import NodeType
from nodebook.engine.store import GraphStore
from nodebook.notebook.display.entryparts import pictures_of, shows_pictures, text_of
from nodebook.notebook.static.cards import Result, Thumb
from nodebook.sessions import Session
from nodebook.tables import data_uri

logger = logging.getLogger(__name__)

LARGEST_PX = 448
SMALLEST_PX = 48
_FULL_PICTURES = 16
"""So many pictures are as sharp as their card is wide on a screen of two pixels a point; more share that budget."""
_MOST_PICTURES = 200
_QUALITY = 78
_SHARP_BELOW_PX = 96
"""Pictures up to this size are shown enlarged: kept without loss."""

_Kept = dict[str, tuple[bytes | None, int, Result]]
"""Node → the key of its result, the size asked for, and what is shown."""

_kept: WeakKeyDictionary[GraphStore, _Kept] = WeakKeyDictionary()
_lock = Lock()


def pictured_nodes(store: GraphStore) -> list[str]:
    """Return the nodes that may have pictures, in document order."""
    return [
        node_id
        for node_id in store.state.ordered_ids()
        if any(shows_pictures(node_type) for _, node_type in _standing_for(store, node_id))
    ]


def _standing_for(store: GraphStore, node_id: str) -> list[tuple[str, NodeType]]:
    """Return the nodes that run for one of the top graph, itself or those inside an instance, with their types."""
    flat = store.flat
    targets = [node_id]
    if node_id not in flat.nodes:
        with store.lock:
            targets = store.flattener.targets(node_id)
    types = [(each, store.library.find(flat.nodes[each].type)) for each in targets if each in flat.nodes]
    return [(each, node_type) for each, node_type in types if node_type is not None]


def results_of(store: GraphStore, session: Session, card_px: float) -> Callable[[str], Result]:
    """Return what each node of the top graph shows. ``card_px``: how many pixels wide a picture is on the screen."""
    pictured = set(pictured_nodes(store)[:_MOST_PICTURES])
    share = min(1.0, (_FULL_PICTURES / max(1, len(pictured))) ** 0.5)
    size = int(min(LARGEST_PX, max(SMALLEST_PX, 2 * card_px * share)))
    with _lock:
        kept = _kept.setdefault(store, {})
    errors = {} if store.last_run is None else store.last_run.errors

    def result_of(node_id: str) -> Result:
        error = errors.get(node_id)
        if error is not None:
            return Result(error=error.told)
        if node_id not in pictured:
            return Result()
        shown = (
            _result(store, session, kept, each, node_type, size)
            for each, node_type in _standing_for(store, node_id)
            if shows_pictures(node_type)
        )
        return next((each for each in shown if each != Result()), Result())

    return result_of


def _result(store: GraphStore, session: Session, kept: _Kept, node_id: str, node_type: NodeType, size: int) -> Result:
    key = session.run_key(store, node_id)
    known = kept.get(node_id)
    if known is not None and known[:2] == (key, size):
        return known[2]
    entry = session.result(store, node_id)
    if entry is None:
        # The result went, but what it looked like is still known.
        return known[2] if known is not None and known[0] == key and key is not None else Result()
    pictures = pictures_of(entry, node_type)
    thumb = None if not len(pictures) else _thumb(pictures[0], len(pictures), size, node_id)
    result = Result(thumb, text_of(entry.payload))
    kept[node_id] = (key, size, result)
    return result


def _thumb(picture: Any, count: int, size: int, node_id: str) -> Thumb | None:
    try:
        return encode(picture, count, size)
    except Exception as error:  # noqa: BLE001 -- a picture that cannot be shown must not take the others along
        logger.debug("The picture of node %s cannot be shown: %s", node_id, error)
        return None


def encode(picture: Any, count: int, size: int) -> Thumb:
    """Return a small copy of a picture, array or tensor as WebP, without loss where it is tiny."""
    from nodebook.nodes.thumbnails import small_picture

    small, width, height = small_picture(picture, size)
    small = small.convert("RGBA" if small.mode in ("RGBA", "LA") else "RGB")
    file = io.BytesIO()
    small.save(file, "WEBP", quality=_QUALITY, method=4, lossless=max(small.size) <= _SHARP_BELOW_PX)
    return Thumb(data_uri(file.getvalue(), "image/webp"), width, height, count)
