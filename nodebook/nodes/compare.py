"""Nodes that show results beside one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodebook.engine.node import UI, node
from nodebook.nodes.ports import Image
from nodebook.nodes.save import saved_pils

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@node(name="ImageCompare", title="Compare Images", category="image", is_output=True, aliases=("before after", "slider"))
def image_compare(image_a: Image | None = None, image_b: Image | None = None) -> UI:
    """Show two pictures one over the other, with a slider between them.

    image_a: left of the slider.
    image_b: right of the slider. Of the shorter batch the last picture is shown again.
    """
    left, right = ([] if each is None else saved_pils(each) for each in (image_a, image_b))
    if not left or not right:
        return UI(images=left or right)
    pairs = max(len(left), len(right))
    return UI(images=[*_repeated(left, pairs), *_repeated(right, pairs)], compare=pairs)


def _repeated(pictures: list[Picture], count: int) -> list[Picture]:
    return [*pictures, *[pictures[-1]] * (count - len(pictures))]
