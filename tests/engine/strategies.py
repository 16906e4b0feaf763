"""Random graphs and edits, shared by the property tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from nodebook.engine.document import from_json
from nodebook.engine.edits import (
    AddNode,
    AddSubgraph,
    Edit,
    NodeEdit,
    RemoveNode,
    RemoveSubgraph,
    SetDocumentView,
    SetGroup,
    SetLink,
    SetMode,
    SetOrigin,
    SetSubgraph,
    SetTitle,
    SetValue,
    SetView,
    UnsetValue,
    apply_all,
)
from nodebook.engine.graph import GraphState
from nodebook.engine.literals import VariableRef


def scaled(examples: int) -> settings:
    """So many examples in the default profile, and as many times more as another profile asks for."""
    return settings(max_examples=examples * settings().max_examples // 100)


few = scaled(40)
"""Whole graphs are slow to draw."""

# Half surrogate pairs have cases of their own: two in a row become one letter in any JSON.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["image", "sigma", "text", "$float", "$$x", "größe", "a b", "\u2028", '"', "A", "z"])
ids = st.one_of(st.integers(0, 12).map(str), st.sampled_from(["x", "007", "b-1", "9" * 20, "½", "٣"]))
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(2**53, 2**70), st.floats(), text)
literals: st.SearchStrategy[Any] = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(text, names), inner, max_size=3),
        st.dictionaries(st.sampled_from(["$float", "$int", "$$float", "$x", "$"]), inner, min_size=1, max_size=1),
        st.just({"$float": "nan"}),
        st.just({"$int": "5"}),
        st.just({"$variable": "prompt"}),
    ),
    max_leaves=6,
)
values = st.one_of(literals, literals, st.builds(VariableRef, st.one_of(text, names)))
types = st.sampled_from(["LoadImage", "ImageBlur", "Unknown/Type ☃", "Reroute", "Variable", "subgraph:a", "subgraph:1"])
subgraph_ids = st.sampled_from(["a", "1", "10"])
modes = st.sampled_from([None, "mute", "bypass", "of another version"])
links = st.tuples(ids, st.sampled_from(["IMAGE", "MASK"]))
views = st.dictionaries(st.sampled_from(["x", "y", "width", "collapsed", "color", "tint"]), literals, max_size=3)
view_changes = st.dictionaries(
    st.sampled_from(["x", "y", "width", "collapsed"]),
    st.one_of(st.none(), st.integers(-500, 500), st.floats()),
    max_size=3,
)
verbatim = st.recursive(  # members that nobody knows: what JSON itself holds
    st.one_of(st.none(), st.booleans(), st.integers(), text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)),
    max_leaves=4,
)


@st.composite
def origins(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "key": draw(text),
        "values": draw(st.dictionaries(names, values, max_size=2)),
        "links": {name: list(link) for name, link in draw(st.dictionaries(names, links, max_size=2)).items()},
    }


@st.composite
def node_jsons(draw: st.DrawFn) -> dict[str, Any]:
    """The JSON of a node as Python holds it, its literals untagged."""
    data: dict[str, Any] = {"type": draw(types)}
    if draw(st.booleans()):
        data["title"] = draw(text)
    if draw(st.booleans()):
        data["values"] = draw(st.dictionaries(names, values, max_size=4))
    if draw(st.booleans()):
        data["links"] = {name: list(link) for name, link in draw(st.dictionaries(names, links, max_size=3)).items()}
    if draw(st.booleans()):
        data["view"] = draw(views)
    if draw(st.integers(0, 3)) == 0:
        data["origin"] = draw(origins())
    if draw(st.integers(0, 3)) == 0:
        data["mode"] = draw(modes)
    if draw(st.integers(0, 3)) == 0:
        data["future"] = draw(verbatim)
    return data


ports = st.lists(
    st.builds(
        lambda name, port, default: {"name": name, **port, **default},
        names,
        st.dictionaries(st.just("type"), st.sampled_from(["IMAGE", "*"])),
        st.dictionaries(st.just("default"), values),
    ),
    max_size=2,
)
heights = st.one_of(st.none(), st.integers())
group_members = st.dictionaries(st.sampled_from(["title", "x", "width", "colour"]), verbatim, max_size=3)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """The JSON of a subgraph as Python holds it, its literals untagged."""
    data: dict[str, Any] = {"nodes": draw(st.dictionaries(ids, node_jsons(), max_size=3))}
    for member, drawn in (("name", text), ("doc", text), ("inputs", ports), ("outputs", ports), ("future", verbatim)):
        if draw(st.booleans()):
            data[member] = draw(drawn)
    if draw(st.booleans()):
        data["groups"] = draw(st.dictionaries(ids, group_members, min_size=1, max_size=2))
    return {member: held for member, held in data.items() if held is not None}


@st.composite
def graphs(draw: st.DrawFn, min_nodes: int = 0) -> GraphState:
    """A graph with any links: to itself, round in circles, to nowhere."""
    found = draw(st.dictionaries(ids, node_jsons(), min_size=min_nodes, max_size=6))
    extra = draw(st.dictionaries(st.sampled_from(["groups", "notes", "$schema"]), verbatim, max_size=2))
    empty = from_json({"nodebook": 1, "name": draw(st.one_of(st.none(), text)), **extra})
    added: list[Edit] = [AddSubgraph(each, draw(definitions())) for each in draw(st.sets(subgraph_ids, max_size=2))]
    added += [AddNode(node_id, data) for node_id, data in found.items()]
    return apply_all(empty, added)[0]


@st.composite
def edits(draw: st.DrawFn, state: GraphState) -> Edit:
    """One operation that the graph accepts."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(document_edits(state))
    if kind == 1 and state.subgraphs:
        subgraph = draw(st.sampled_from(sorted(state.subgraphs)))
        return replace(draw(node_edits(state.subgraphs[subgraph].graph)), graph=subgraph)
    return draw(node_edits(state))


@st.composite
def document_edits(draw: st.DrawFn, state: GraphState) -> Edit:
    """One operation on groups, subgraphs or the view."""
    taken = sorted(state.subgraphs)
    free = [each for each in ("a", "1", "10") if each not in taken]
    choices: list[st.SearchStrategy[Edit]] = [
        st.builds(
            SetDocumentView, st.dictionaries(st.sampled_from(["height", "x"]), st.one_of(st.none(), st.integers()))
        )
    ]
    graph = st.one_of(st.none(), st.sampled_from(taken)) if taken else st.none()
    groups = st.builds(SetGroup, ids, st.one_of(st.none(), group_members), graph=graph)
    if "groups" not in state.extra:
        choices.append(groups)
    if free:
        choices.append(st.builds(AddSubgraph, st.sampled_from(free), definitions()))
    if taken:
        members = st.fixed_dictionaries(
            {}, optional={"name": st.one_of(st.none(), text), "inputs": st.one_of(st.none(), ports), "tint": verbatim}
        )
        choices += [
            st.builds(RemoveSubgraph, st.sampled_from(taken)),
            st.builds(SetSubgraph, st.sampled_from(taken), members),
        ]
    return draw(st.one_of(choices))


@st.composite
def node_edits(draw: st.DrawFn, state: GraphState) -> NodeEdit:
    """One operation on a node that the graph accepts."""
    taken = state.ordered_ids()
    if not taken or draw(st.integers(0, 5)) == 0:
        return AddNode(draw(ids.filter(lambda new: new not in state.nodes)), draw(node_jsons()))
    node = draw(st.sampled_from(taken))
    known = sorted(state.nodes[node].values) or ["image"]
    edit: NodeEdit = draw(
        st.one_of(
            st.just(RemoveNode(node)),
            st.builds(SetValue, st.just(node), names, values),
            st.builds(UnsetValue, st.just(node), st.one_of(names, st.sampled_from(known))),
            st.builds(SetLink, st.just(node), names, st.one_of(st.none(), links)),
            st.builds(SetTitle, st.just(node), st.one_of(st.none(), text)),
            st.builds(SetView, st.just(node), view_changes),
            st.builds(SetMode, st.just(node), modes),
            st.builds(SetOrigin, st.just(node), st.one_of(st.none(), origins())),
        )
    )
    return edit


@st.composite
def edited(draw: st.DrawFn, max_edits: int = 6) -> tuple[GraphState, list[Edit]]:
    """A graph and operations that can be applied to it in order."""
    state = draw(graphs())
    current, chosen = state, []
    for _ in range(draw(st.integers(0, max_edits))):
        edit = draw(edits(current))
        current, _ = apply_all(current, [edit])
        chosen.append(edit)
    return state, chosen
