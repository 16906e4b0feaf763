"""Notes on the canvas: nodes without ports that do nothing."""

from typing import Annotated

from nodebook.engine.annotations import Text
from nodebook.engine.node import node


@node(name="Note", category="utils")
def note(text: Annotated[str, Text(multiline=True, placeholder="Write a note")] = "") -> None:
    """Keep a note beside the nodes. It does nothing in a run."""
    del text


@node(name="MarkdownNote", category="utils")
def markdown_note(text: Annotated[str, Text(multiline=True, placeholder="Write a note in Markdown")] = "") -> None:
    """Keep a note in Markdown beside the nodes. It does nothing in a run."""
    del text
