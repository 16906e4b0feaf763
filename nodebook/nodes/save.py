"""Nodes that save or show pictures."""

import json
from datetime import datetime
from typing import Any

from PIL import Image as PILImage
from torch import Tensor

from nodebook.assets.folders import Folders
from nodebook.assets.pictures import GRAPH_CHUNK, LOCK_CHUNK, encode_png
from nodebook.assets.prefixes import FindValue, expand_prefix, save_numbered
from nodebook.engine.annotations import Hidden
from nodebook.engine.context import RunDocument, RunLock, progress
from nodebook.engine.node import UI, node
from nodebook.nodes.blame import about
from nodebook.nodes.convert import image_to_pils, to_image, to_mask
from nodebook.nodes.ports import Image, Mask


@node(name="SaveImage", title="Save Image", category="image", is_output=True)
def save_image(
    images: Image,
    filename_prefix: str = "ComfyUI",
    *,
    folders: Hidden[Folders],
    document: Hidden[RunDocument] | None = None,
    lock: Hidden[RunLock] | None = None,
) -> UI:
    """Save each picture as a PNG file in the output folder. The file carries the graph that made it, and its lock.

    filename_prefix: may name folders, and hold %date:yyyy-MM-dd%, %width%, %height%, %batch_num% and %Node.input%.
    """
    pictures = saved_pils(images)
    text = document.json if document is not None else None
    width, height = pictures[0].size
    with about("filename_prefix"):
        prefix = expand_prefix(
            filename_prefix, width=width, height=height, now=datetime.now().astimezone(), find_value=value_finder(text)
        )
    texts = {} if text is None else {GRAPH_CHUNK: text}
    if lock is not None and (locked := lock.json):
        texts[LOCK_CHUNK] = locked
    for index, picture in enumerate(pictures):
        progress(index, len(pictures))
        with about("filename_prefix"):
            path = save_numbered(folders.output, prefix, encode_png(picture, texts), batch_index=index)
        picture.filename = str(path)  # type: ignore[attr-defined]  # as on a picture that PIL.Image.open gives
    return UI(images=pictures)


@node(name="PreviewImage", title="Preview Image", category="image", is_output=True)
def preview_image(images: Image) -> UI:
    """Show pictures on the node. Nothing is written to disk."""
    return UI(images=saved_pils(images))


@node(name="MaskPreview", title="Preview Mask", category="mask", is_output=True)
def preview_mask(mask: Mask) -> UI:
    """Show masks on the node as grey pictures. Nothing is written to disk."""
    return UI(images=saved_pils(to_mask(mask)[..., None]))


def saved_pils(images: Tensor) -> list[PILImage.Image]:
    """Return the pictures of a batch in 8 bits as a saved file has them: cut, not rounded (ComfyUI's rule)."""
    eighths = (to_image(images).nan_to_num(0.0).clamp(0.0, 1.0) * 255.0).floor() / 255.0
    return image_to_pils(eighths)


def value_finder(document: str | None) -> FindValue | None:
    """Return a function that looks up an input's value in a document by the node's type or title."""
    if document is None:
        return None
    nodes: dict[str, dict[str, Any]] = json.loads(document).get("nodes", {})

    def find(name: str, input_name: str) -> object | None:
        for member in ("type", "title"):
            for each in nodes.values():
                if each.get(member) == name and input_name in each.get("values", {}):
                    return each["values"][input_name]  # type: ignore[no-any-return]  # JSON
        return None

    return find
