"""Random graphs for the tests of code: everything that a document may hold, with subgraphs, and odd names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from nodebook.engine.document import from_json
from nodebook.engine.edits import AddNode, AddSubgraph, Edit, SetDocumentView, SetGroup, apply_all
from nodebook.engine.graph import GraphState
from nodebook.engine.literals import VariableRef, tag
from tests.engine import strategies

# What Python would read otherwise, what calls mean otherwise, what tears lines apart.
odd_names = st.sampled_from(
    ["title", "self", "type", "class", "None", "ﬁ", "a b", "g", "nb", "x\ny", "", "__x", "\u202e", "name", "value"]
)
names = st.one_of(strategies.names, odd_names)
odd_text = st.one_of(
    strategies.text,
    st.sampled_from(["\ud83d", "a\\'\"b", '"""', "line\nline\n", "\n", "# nodebook layout 1", "{x}", "\x00\x85\u2028"]),
)
types = st.sampled_from(
    [
        "LoadImage",
        "Load Image",  # the title of another type
        "ImageBlur",
        "InputString",
        "InputInt",
        "Note",
        "Reroute",
        "Unknown/Type ☃",
        "Soften",  # what a subgraph may be called
        "subgraph:a",
        "subgraph:1",
        "subgraph:10",
        "SubgraphInputs",
        "SubgraphOutputs",
        "",
    ]
)
outputs = st.sampled_from(["IMAGE", "MASK", "value", "image", "text", "a b", "set", ""])
literals = st.one_of(strategies.literals, odd_text)
links = st.tuples(strategies.ids, outputs)
vary = st.dictionaries(names, st.sampled_from(["randomize", "increment", "fixed", "often"]), max_size=2)
frames = st.fixed_dictionaries(
    {
        "title": odd_text,
        "x": st.integers(-50, 50),
        "y": st.integers(-50, 50),
        "width": st.just(100),
        "height": st.just(90),
    }
)


@st.composite
def node_jsons(draw: st.DrawFn) -> dict[str, Any]:
    data = draw(strategies.node_jsons())
    data["type"] = draw(types)
    if draw(st.booleans()):
        data["title"] = draw(odd_text)
    if draw(st.booleans()):
        data["values"] = draw(st.dictionaries(names, st.one_of(literals, strategies.values), max_size=4))
    if draw(st.booleans()):
        data["links"] = {name: list(link) for name, link in draw(st.dictionaries(names, links, max_size=4)).items()}
    if draw(st.integers(0, 3)) == 0:
        data["view"] = {**data.get("view", {}), "vary": draw(vary)}
    if data["type"].startswith("Input") and draw(st.booleans()):
        name = draw(odd_text)
        data.update(title=name, values={"name": name, "value": draw(st.one_of(st.integers(), odd_text))}, links={})
    return data


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A subgraph; half of them with a proper boundary."""
    data: dict[str, Any] = draw(strategies.definitions())
    data["nodes"] = draw(st.dictionaries(strategies.ids, node_jsons(), max_size=4))
    for member in ("name", "doc"):
        if draw(st.booleans()):
            data[member] = draw(
                st.one_of(odd_text, st.sampled_from(["Soften", "soften", "  doc\n\n  more", "One.\n\nTwo."]))
            )
    if draw(st.booleans()):
        inner = draw(st.dictionaries(strategies.ids, node_jsons(), max_size=3))
        kept = {each: node for each, node in inner.items() if not node["type"].startswith("Subgraph")}
        ports = draw(st.lists(names, max_size=3))
        data["inputs"] = [{"name": name, "type": "IMAGE", "default": draw(literals)} for name in ports]
        data["outputs"] = [{"name": name, "type": "IMAGE"} for name in draw(st.lists(names, max_size=3))]
        for node in kept.values():
            if draw(st.booleans()) and ports:
                node["links"] = {draw(names): ["in", draw(st.sampled_from(ports))]}
        kept["in"] = {"type": "SubgraphInputs"}
        ends = {port["name"]: list(draw(links)) for port in data["outputs"] if draw(st.booleans())}
        kept["out"] = {"type": "SubgraphOutputs", **({"links": ends} if ends else {})}
        data["nodes"] = kept
    return data


@st.composite
def graphs(draw: st.DrawFn) -> GraphState:
    """Any graph that a document can hold."""
    found = draw(st.dictionaries(strategies.ids, node_jsons(), max_size=6))
    extra = draw(st.dictionaries(st.sampled_from(["groups", "notes", "$schema"]), strategies.verbatim, max_size=2))
    empty = from_json({"nodebook": 1, "name": draw(st.one_of(st.none(), odd_text)), **extra})
    added: list[Edit] = [
        AddSubgraph(each, draw(definitions())) for each in draw(st.sets(strategies.subgraph_ids, max_size=2))
    ]
    added += [AddNode(node_id, data) for node_id, data in found.items()]
    if draw(st.booleans()):
        added.append(
            SetDocumentView(draw(st.dictionaries(st.sampled_from(["height", "x"]), strategies.verbatim, max_size=2)))
        )
    state = apply_all(empty, added)[0]
    if "groups" not in extra and draw(st.booleans()):
        groups = draw(st.dictionaries(strategies.ids, st.one_of(frames, strategies.group_members), max_size=3))
        state = apply_all(state, [SetGroup(each, group) for each, group in groups.items()])[0]
    return replace(state)


# Graphs of known types, as code and the editor build them

_VALUES = {
    "blur_radius": st.integers(1, 31),
    "sigma": st.sampled_from([0.5, 1.0, 2.5, VariableRef("strength")]),
    "seed": st.integers(0, 2**64 - 1),
    "steps": st.integers(1, 50),
    "sampler_name": st.sampled_from(["euler", "heun"]),
    "text": st.one_of(odd_text, st.just("a cat,\nin a hat")),
    "image": st.sampled_from(["a.png", 'it\'s "b".png']),
    "blend_factor": st.sampled_from([0.0, 0.25]),
}
KNOWN = {
    "LoadImage": (["image"], [], ["IMAGE", "MASK"]),
    "ImageBlur": (["blur_radius", "sigma"], ["image", "sigma"], ["IMAGE"]),
    "ImageBlend": (["blend_factor"], ["image1", "image2"], ["IMAGE"]),
    "KSampler": (["seed", "steps", "sampler_name"], ["latent_image", "steps"], ["LATENT"]),
    "Note": (["text"], [], []),
    "Reroute": ([], ["value"], ["value"]),
    "CheckpointLoaderSimple": ([], [], ["MODEL", "CLIP", "VAE"]),
}


@st.composite
def known_nodes(draw: st.DrawFn, kind: str, sources: list[tuple[str, str]]) -> dict[str, Any]:
    values, inputs, _ = KNOWN[kind]
    data: dict[str, Any] = {"type": kind, "mode": draw(st.sampled_from([None, None, "mute", "bypass"]))}
    if draw(st.integers(0, 2)) == 0:
        data["title"] = draw(odd_text)
    data["values"] = {name: draw(_VALUES[name]) for name in values if draw(st.booleans())}
    data["links"] = {name: list(draw(st.sampled_from(sources))) for name in inputs if draw(st.booleans()) and sources}
    data["view"] = {"x": draw(st.integers(0, 900)), "y": 5}
    if kind == "KSampler" and draw(st.booleans()):
        data["view"]["vary"] = {"seed": draw(st.sampled_from(["randomize", "increment"]))}
    return data


@st.composite
def _known_nodes_of(draw: st.DrawFn, count: int, more: list[tuple[str, str]]) -> dict[str, Any]:
    """Nodes that read each other, in circles too."""
    ids = draw(st.permutations([str(number) for number in range(1, count + 1)]))
    kinds = {each: draw(st.sampled_from(sorted(KNOWN))) for each in ids}
    sources = [*more, *((each, output) for each, kind in kinds.items() for output in KNOWN[kind][2])]
    return {each: draw(known_nodes(kind, sources)) for each, kind in kinds.items()}


_FIRST: list[str | None] = ["Soften", None]
_SECOND: list[str | None] = ["soft edges", "a\"'b"]


@st.composite
def known_graphs(draw: st.DrawFn) -> GraphState:
    """A graph of nodebook's own types, with named inputs and nested subgraphs, that code can build."""
    definitions: dict[str, Any] = {}
    offered: list[tuple[str, list[str], list[str]]] = []
    for number in range(draw(st.integers(0, 2))):
        inputs = draw(st.lists(names.filter(lambda name: name != "title"), max_size=3, unique=True))
        outputs = draw(st.lists(names, max_size=3, unique=True))
        nodes = draw(_known_nodes_of(draw(st.integers(0, 3)), [("90", name) for name in inputs]))
        nodes.update(_instances(draw, offered, nodes, 50))
        ends = [(each, output) for each, node in nodes.items() for output in KNOWN.get(node["type"], ([], [], []))[2]]
        linked = {name: list(draw(st.sampled_from(ends))) for name in outputs if draw(st.booleans()) and ends}
        nodes["90"] = {"type": "SubgraphInputs"}
        nodes["91"] = {"type": "SubgraphOutputs", "links": linked}
        subgraph_id = str(number + 1)
        ports = [
            {"name": name, "type": "IMAGE", **({"default": draw(literals)} if draw(st.booleans()) else {})}
            for name in inputs
        ]
        definitions[subgraph_id] = {
            "name": draw(st.sampled_from((_FIRST, _SECOND)[number])),
            "doc": draw(st.sampled_from([None, "What it does.", "Two.\n\n  lines", ' "odd\\ '])),
            "inputs": ports,
            "outputs": [{"name": name, "type": "IMAGE"} for name in outputs],
            "nodes": nodes,
        }
        offered.append((subgraph_id, inputs, outputs))
    nodes = draw(_known_nodes_of(draw(st.integers(0, 6)), []))
    for turn, name in enumerate(draw(st.lists(odd_text, max_size=2, unique=True))):
        value = draw(st.one_of(odd_text, st.integers(-5, 5), st.booleans(), st.sampled_from([0.5, -1.0])))
        kind = {bool: "InputBoolean", int: "InputInt", float: "InputFloat", str: "InputString"}[type(value)]
        nodes[str(30 + turn)] = {"type": kind, "title": name, "values": {"name": name, "value": value}}
    nodes.update(_instances(draw, offered, nodes, 60))
    named = draw(st.sampled_from([None, "portrait"]))
    kept = {
        each: {member: held for member, held in found.items() if held is not None}
        for each, found in definitions.items()
    }
    for graph in [nodes, *(found["nodes"] for found in kept.values())]:
        for node in graph.values():
            values = node.get("values", {})
            values.update({name: tag(held) for name, held in values.items() if isinstance(held, VariableRef)})
    return from_json({"nodebook": 1, "name": named, "nodes": nodes, "subgraphs": {
        each: {**found, "inputs": [
            {**port, **({"default": tag(port["default"])} if "default" in port else {})} for port in found["inputs"]
        ]} for each, found in kept.items()
    }})  # fmt: skip


def _instances(
    draw: st.DrawFn, offered: list[tuple[str, list[str], list[str]]], nodes: dict[str, Any], first: int
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for turn, (subgraph_id, inputs, outputs) in enumerate(offered):
        if not draw(st.booleans()):
            continue
        ends = [(each, output) for each, node in nodes.items() for output in KNOWN.get(node["type"], ([], [], []))[2]]
        linked = {name: list(draw(st.sampled_from(ends))) for name in inputs if draw(st.booleans()) and ends}
        values = {name: tag(draw(literals)) for name in inputs if draw(st.booleans())}
        node_id = str(first + turn)
        found[node_id] = {"type": f"subgraph:{subgraph_id}", "links": linked, "values": values}
        readers = [node for node in nodes.values() if KNOWN.get(node["type"], ([], [], []))[1]]
        for reader in readers if outputs else ():
            if draw(st.booleans()):
                name = draw(st.sampled_from(KNOWN[reader["type"]][1]))
                reader.setdefault("links", {})[name] = [node_id, draw(st.sampled_from(outputs))]
    return found
