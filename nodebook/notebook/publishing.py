"""``nb.publish``: an output of a graph becomes a variable of the notebook, in each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodebook.errors import InputValueError, VariableNameError
from nodebook.handles import NodeHandle, Output

if TYPE_CHECKING:
    from nodebook.nodes.publish import Form

_TYPE = "Publish"


def publish(output: Output | NodeHandle, name: str, *, form: Form = "as it is") -> NodeHandle:
    """Set a variable of the notebook in each run of the graph: ``nb.publish(blur.image, "portrait")``.

    Adds the output node *To notebook*, or changes the one that already sets that variable, and returns its handle. The
    variable gets a copy, also where the result was cached. ``form``: ``"as it is"`` is what the node's function
    returned (a tensor, a PIL picture, an array, a frame); ``"picture"``, ``"pictures"``, ``"array"`` and ``"tensor"``
    convert pictures. Raises ``VariableNameError`` for a name that cannot be set, and ``InputValueError`` for what is no
    output of a graph.
    """
    from nodebook.nodes.publish import why_bad_name

    given: Any = output
    wanted: Any = name
    if not isinstance(given, (Output, NodeHandle)):
        raise InputValueError(
            f"Only outputs of a graph are published, got a {type(given).__name__}. Give a handle or one of its "
            f"outputs, for example nb.publish(handle.image, {name!r}); a value is a variable as it is: {name} = value."
        )
    why = why_bad_name(wanted) if isinstance(wanted, str) else f"expected text, got a {type(wanted).__name__}"
    if why is not None:
        raise VariableNameError(f"nb.publish cannot set that variable: {why}.")
    source = output.sole_output() if isinstance(output, NodeHandle) else output
    graph = source.graph
    with graph.store.lock:
        for handle in graph.nodes:
            if handle.node.type == _TYPE and handle.node.values.get("name") == name:
                return _changed(handle, source, form)
        return graph.add(_TYPE, value=source, name=name, form=form)


def _changed(handle: NodeHandle, source: Output, form: Form) -> NodeHandle:
    link = handle.node.links.get("value")
    if link is None or tuple(link) != (source.node_id, source.name) or handle.node.values.get("form") != form:
        handle.set(value=source, form=form)
    return handle
