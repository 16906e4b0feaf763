"""Opening a graph from a file."""

from __future__ import annotations

import os
from pathlib import Path

from nodebook.assets.errors import NoGraphError, PictureError
from nodebook.assets.pictures import read_graph
from nodebook.engine import document
from nodebook.errors import DocumentError, DocumentNotFoundError
from nodebook.graph import Graph
from nodebook.rooms import room


def open_graph(path: str | os.PathLike[str], name: str | None = None) -> Graph:
    """Open a document, the graph inside a picture that nodebook saved, or one that a notebook keeps in its outputs.

    ``name``: which of a notebook's graphs, where it has several. Raises ``FileNotFoundError``, and ``DocumentError``
    for a file that holds no graph, no such graph, or one of a newer version.
    """
    path = Path(path)
    if path.suffix.lower() == ".ipynb":
        return Graph.of_state(room("notebook.saved.opening").stored_state(path, name))
    if name is not None:
        raise DocumentError(f"{path.name} holds one graph; name={name!r} chooses among those of a notebook (.ipynb).")
    if path.suffix.lower() == ".png":
        try:
            text = read_graph(path)
        except (NoGraphError, PictureError) as error:
            raise DocumentError(str(error)) from error
        if text is None:
            raise DocumentError(
                f"{path.name} holds no nodebook graph. Expected a PNG that SaveImage wrote; open the picture itself "
                "with a Load Image node."
            )
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DocumentNotFoundError(
                f"There is no file {str(path)!r} to open (looked from {Path.cwd()}). Give the path of a nodebook "
                "document or of a PNG that SaveImage wrote; a named graph comes back with nb.Graph(name)."
            ) from None
        except UnicodeDecodeError as error:
            raise DocumentError(
                f"{path.name} is not text in UTF-8 (at byte {error.start}). Expected a nodebook document, or a PNG "
                "that SaveImage wrote."
            ) from None
    return Graph.of_state(document.loads(text))
