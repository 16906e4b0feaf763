"""The static picture of a graph and its results: what is seen where no kernel and no editor are."""

from __future__ import annotations

from nodebook.notebook.static.picture import GraphPicture, picture_of, static_html

__all__ = ["GraphPicture", "picture_of", "static_html"]
