"""The node that gives a value to the notebook, as a variable of the cells."""

from __future__ import annotations

import keyword
from typing import Annotated, Any, Literal

import numpy as np
import torch
from PIL import Image as PILImage

from nodebook.assets.errors import PictureError
from nodebook.engine.annotations import Hidden, Text
from nodebook.engine.context import NodeId, RunGraph
from nodebook.engine.items import Items
from nodebook.engine.node import UI, node
from nodebook.engine.nodetype import OutputSpec
from nodebook.engine.variables import Publisher, describe
from nodebook.nodes.convert import image_to_pil, image_to_pils, pil_to_image, to_array
from nodebook.nodes.ports import copied

Form = Literal["as it is", "picture", "pictures", "array", "tensor"]


def why_bad_name(name: str) -> str | None:
    """Return why a name cannot be given to a variable by a graph, None where it can."""
    if not name:
        return "it needs the name of the variable to set; type one, for example portrait"
    if not name.isidentifier() or keyword.iskeyword(name):
        return (
            f"{name!r} cannot be the name of a variable; expected letters, digits and underscores that do not begin "
            "with a digit, and no word of Python"
        )
    if name.startswith("_") or name in ("In", "Out", "exit", "quit", "get_ipython"):
        return f"{name!r} is a name that Python or the notebook keeps for itself; take another one"
    return None


def _check(name: str | None) -> bool | str:
    return True if name is None else why_bad_name(name) or True


@node(
    name="Publish",
    title="To notebook",
    category="notebook",
    is_output=True,
    cache=False,
    validate=_check,
    aliases=("notebook", "variable", "output", "python", "to cell"),
)
def publish(
    value: Items[Any],
    this: Hidden[NodeId],
    graph: Hidden[RunGraph],
    publisher: Hidden[Publisher],
    name: Annotated[str, Text(placeholder="name of a variable")] = "result",
    form: Form = "as it is",
) -> UI:
    """Set a variable of the notebook in each run, so that the cells after it can use what the graph made.

    The variable gets a copy: changing it changes nothing in the graph.

    name: the variable, as cells call it.
    form: what pictures become: PIL pictures, NumPy arrays or tensors; as it is: what the node before returned.
    """
    spec = _source(this, graph)
    given = [_formed(each, form, spec) for each in value]
    made = given[0] if len(given) == 1 else given
    is_raw = form == "as it is" and spec is not None and spec.from_wire is None
    publisher.put(name, made, spec.port if is_raw and spec is not None and len(given) == 1 else None)
    return UI(text=f"{name}: {describe(made)}")


def _source(node_id: str, graph: RunGraph) -> OutputSpec | None:
    """Return the output that a node reads its value from, None where it is no node of the graph itself."""
    reader = graph.state.nodes.get(node_id)
    link = None if reader is None else reader.links.get("value")
    source = None if link is None else graph.state.nodes.get(link.node)
    if link is None or source is None:
        return None
    node_type = graph.library.find(source.type)
    index = None if node_type is None else node_type.output_index.get(link.output)
    return None if node_type is None or index is None else node_type.outputs[index]


def _formed(value: Any, form: Form, spec: OutputSpec | None) -> Any:
    if form == "as it is":
        return copied(value if spec is None or spec.from_wire is None else spec.from_wire(value))
    if not isinstance(value, (torch.Tensor, np.ndarray, PILImage.Image)):
        raise PictureError(
            f"A {type(value).__name__} cannot become {form}: expected a picture, a mask, a tensor or an array. Choose "
            "the form 'as it is'."
        )
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(np.array(value))
    tensor = pil_to_image(value) if isinstance(value, PILImage.Image) else value
    if form == "picture":
        return image_to_pil(tensor)
    if form == "pictures":
        return image_to_pils(tensor)
    return np.array(to_array(tensor)) if form == "array" else tensor.detach().clone()
