"""Code read as a graph: what a person writes, what a person edits, and what nobody should."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import nodebook as nb
from nodebook.engine.graph import GraphState
from nodebook.engine.literals import VariableRef
from nodebook.errors import DocumentNotFoundError, InputValueError, UnknownOutputError
from nodebook.notebook.code.python import read_python
from nodebook.notebook.errors import GraphCodeError
from nodebook.sessions import session

HEAD = "import nodebook as nb\n\ng = nb.Graph()\n"


def read(body: str, head: str = HEAD) -> GraphState:
    return read_python(head + body, session().library)[0]


def nodes(state: GraphState) -> list[tuple[str, dict[str, Any], dict[str, tuple[str, str]]]]:
    ordered = [state.nodes[each] for each in state.ordered_ids()]
    return [
        (each.type, dict(each.values), {name: (link.node, link.output) for name, link in each.links.items()})
        for each in ordered
    ]


# What people write


def test_the_example_of_the_design() -> None:
    state = read(
        'model, clip, vae = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")\n'
        'good = g.add("CLIPTextEncode", clip=clip, text=g.input("prompt", "a red circle on a blue background"))\n'
        'bad = g.add("CLIP Text Encode (Prompt)", "Negative", clip=clip)\n'
        "g\n"
    )
    assert nodes(state) == [
        ("CheckpointLoaderSimple", {"ckpt_name": "nodebook-demo.safetensors"}, {}),
        ("InputString", {"name": "prompt", "value": "a red circle on a blue background"}, {}),
        ("CLIPTextEncode", {}, {"clip": ("1", "CLIP"), "text": ("2", "value")}),
        ("CLIPTextEncode", {}, {"clip": ("1", "CLIP")}),
    ]
    assert state.nodes["4"].title == "Negative"


@pytest.mark.parametrize(
    "body",
    [
        'g.add("SaveImage", images=g.add("ImageBlur", image=g.add("LoadImage", image="a.png").image))',
        """
photo = g.add("LoadImage", image="a.png")
blur = g.add("ImageBlur", image=photo.image)
g.add("SaveImage", images=blur)
""",
        """
name = "a.png"
image, _ = g.add("LoadImage", image=name)
blur = g.add("ImageBlur")
save = g.add("SaveImage", images=blur)
blur.set(image=image)
""",
        """
g.add("LoadImage", image="a.png")
g.add("ImageBlur", image=g["Load Image"].image)
g.add("SaveImage", images=g["ImageBlur"])
""",
        """
photo = g.add("LoadImage", image="a.png")
other = photo
g.add("SaveImage", images=g.add("ImageBlur", **{"image": other["IMAGE"]}))
""",
    ],
)
def test_one_graph_in_many_words(body: str) -> None:
    assert nodes(read(body)) == [
        ("LoadImage", {"image": "a.png"}, {}),
        ("ImageBlur", {}, {"image": ("1", "IMAGE")}),
        ("SaveImage", {}, {"images": ("2", "IMAGE")}),
    ]


def test_what_is_set_after_a_node_was_added() -> None:
    state = read(
        'a = g.add("ImageBlur", sigma=2.0).rename("Soft").mute()\n'
        'b = g.add("ImageBlur", image=a, sigma=3.0)\n'
        "b.set(sigma=None, image=None)\n"
        'k = g.add("KSampler", seed=-1).vary(seed="increment")\n'
        "g.bypass(b, k)\n"
        "g.enable(k)\n"
    )
    soft, other, sampler = (state.nodes[each] for each in "123")
    assert (soft.title, soft.mode, other.mode, sampler.mode) == ("Soft", "mute", "bypass", None)
    assert (dict(other.values), dict(other.links)) == ({}, {})
    assert sampler.view["vary"] == {"seed": "increment"}


def test_literals_of_every_kind() -> None:
    state = read('g.add("X", a=[1, -2.5, None, {"b": (True, "é\\n")}], n=float("nan"), i=-float("inf"), big=2_000)')
    values: Any = state.nodes["1"].values
    assert values["a"] == [1, -2.5, None, {"b": [True, "é\n"]}]
    assert repr(values["n"]) == "nan"
    assert (values["i"], values["big"]) == (float("-inf"), 2000)


def test_calls_of_node_functions() -> None:
    @nb.node
    def tint_read(picture: nb.Image, amount: float = 0.5) -> nb.Image:
        return picture * amount

    assert tint_read is not None
    state = read('photo = g.add("LoadImage")\ntinted = tint_read(photo.image, 0.3)\nagain = tint_read(picture=tinted)')
    assert nodes(state)[1:] == [
        ("tint_read", {"amount": 0.3}, {"picture": ("1", "IMAGE")}),
        ("tint_read", {}, {"picture": ("2", "IMAGE")}),
    ]


def test_a_function_that_this_session_does_not_know_is_read_from_the_head() -> None:
    head = 'import nodebook as nb\n# needs: "faraway" -> ["IMAGE"]\n'
    head += "@nb.node\ndef faraway(x):\n    import os\n\ng = nb.Graph()\n"
    state = read('a = faraway(x=g.add("LoadImage").image)\ng.add("SaveImage", images=a)', head)
    assert state.nodes["3"].links["images"] == ("2", "IMAGE")


def test_variables_of_the_notebook() -> None:
    state = read(
        'prompt = g.input("prompt", "a cat")\n'
        'text = g.add("CLIPTextEncode", text=nb.variable("words"))\n'
        'blur = g.add("ImageBlur").bind(sigma="strength")\n'
        'g.bind(prompt="prompt_var")\n'
    )
    values = [dict(state.nodes[each].values) for each in "123"]
    assert values == [
        {"name": "prompt", "value": VariableRef("prompt_var")},
        {"text": VariableRef("words")},
        {"sigma": VariableRef("strength")},
    ]
    code = nb.Graph.of_state(state).to_python()
    assert 'g.add("CLIPTextEncode", text=nb.variable("words"))' in code
    assert nb.from_python(code).to_json() == nb.Graph.of_state(state).to_json()


def test_new_nodes_get_places() -> None:
    state = read('a = g.add("LoadImage")\nb = g.add("ImageBlur", image=a.image)')
    first, second = (state.nodes[each].view["x"] for each in "12")
    assert (first, second) == (40, 360)


# Subgraphs

SOFTEN = '''
import nodebook as nb

@nb.subgraph
def soften(g, image: nb.Image, sigma: float = 2.0) -> nb.Image:
    """Blur, then sharpen.

    Twice.
    """
    blur = g.add("ImageBlur", image=image, sigma=sigma)
    return g.add("ImageSharpen", image=blur)

g = nb.Graph()
'''


def test_a_function_is_a_subgraph_read_or_run() -> None:
    body = 'photo = g.add("LoadImage")\na = g.add(soften, image=photo.image)\nb = soften(a, sigma=3.0)\n'
    state = read(body, SOFTEN)
    (definition,) = state.subgraphs.values()
    assert (definition.name, definition.doc) == ("Soften", "Blur, then sharpen.\n\nTwice.")
    assert definition.inputs == ({"name": "image", "type": "IMAGE"}, {"name": "sigma", "type": "FLOAT", "default": 2.0})
    assert definition.outputs == ({"name": "IMAGE", "type": "IMAGE"},)
    assert nodes(state)[2] == ("subgraph:1", {"sigma": 3.0}, {"image": ("2", "IMAGE")})
    found: dict[str, Any] = {}
    exec(SOFTEN + body, found)  # noqa: S102 - written above
    ran = found["g"].store.state
    assert nodes(ran) == nodes(state)
    assert nodes(ran.subgraphs["1"].graph) == nodes(definition.graph)


def test_a_subgraph_function_that_runs_again_adds_no_second_one() -> None:
    g = nb.Graph()

    @nb.subgraph
    def soft_twice(g: Any, image: nb.Image) -> nb.Image:
        return g.add("ImageBlur", image=g.add("ImageBlur", image=image, sigma=strength))  # type: ignore[no-any-return]

    strength = 1.0
    photo = g.add("LoadImage")
    one, two = g.add(soft_twice, image=photo.image), g.add(soft_twice)
    assert len(g.store.state.subgraphs) == 1
    g[f"{one.id}/2"].set(sigma=9.0)  # by hand: kept while the function says the same
    g.add(soft_twice)
    assert g[f"{two.id}/2"].node.values["sigma"] == 9.0
    strength = 4.0
    g.define(soft_twice)
    assert len(g.store.state.subgraphs) == 1
    assert g[f"{two.id}/1"].node.values["sigma"] == 4.0
    assert one.node.links["image"].node == photo.id


def test_a_function_that_uses_itself_is_refused() -> None:
    g = nb.Graph()

    @nb.subgraph
    def endless(g: Any) -> None:
        g.add(endless)

    with pytest.raises(InputValueError, match="uses itself"):
        g.add(endless)
    assert len(g) == 0
    # As code it is a document like any other, with a problem.
    state = read(
        "g.add(endless)", "import nodebook as nb\n@nb.subgraph\ndef endless(g):\n    g.add(endless)\ng = nb.Graph()\n"
    )
    assert nb.from_python(nb.Graph.of_state(state).to_python()).to_json() == nb.Graph.of_state(state).to_json()


def test_subgraphs_inside_subgraphs_come_along() -> None:
    g = nb.Graph()

    @nb.subgraph
    def inner_part(g: Any, image: nb.Image) -> nb.Image:
        return g.add("ImageBlur", image=image)  # type: ignore[no-any-return]

    @nb.subgraph
    def outer_part(g: Any, image: nb.Image) -> nb.Image:
        return g.add(inner_part, image=inner_part(image))  # type: ignore[no-any-return]

    photo = g.add("EmptyImage", width=32, height=32)
    made = g.add(outer_part, image=photo)
    assert sorted(each.name or "" for each in g.store.state.subgraphs.values()) == ["Inner Part", "Outer Part"]
    assert g.problems == []
    assert g.run(made).errors == {}
    g.undo()
    g.undo()
    assert len(g.store.state.subgraphs) == 0


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: None, "first parameter"),
        (lambda g, *more: None, "first parameter"),  # noqa: ARG005 - its signature is what is wrong
        (lambda g, image: "text", "Expected an output of a node"),  # noqa: ARG005 - as above
    ],
)
def test_functions_that_are_no_subgraphs(function: Any, words: str) -> None:
    with pytest.raises(InputValueError, match=words):
        nb.Graph().add(nb.subgraph("Odd")(function))
    with pytest.raises(InputValueError, match="says in which graph"):
        nb.subgraph(function)(1)


def test_an_output_by_its_exact_name() -> None:
    g = nb.Graph()
    photo = g.add("LoadImage")
    assert photo["MASK"] == photo.mask
    with pytest.raises(UnknownOutputError, match=r"Load Image has no output 'mask'\. Its outputs are: IMAGE, MASK"):
        photo["mask"]
    blur = g.add("ImageBlur", image=g.missing("99", "IMAGE"))
    assert blur.node.links["image"] == ("99", "IMAGE")


# Code that was edited, with a layout that was not


def portrait() -> nb.Graph:
    g = nb.Graph()
    photo = g.add("LoadImage", image="a.png")
    blur = g.add("ImageBlur", title="Soft", image=photo.image, sigma=2.0)
    g.add("SaveImage", images=blur)
    return g


def test_an_edit_of_the_code_leaves_the_layout_of_the_rest() -> None:
    code = portrait().to_python()
    edited = code.replace("sigma=2.0", "sigma=5.0")
    g = nb.from_python(edited)
    assert g.notices == []
    assert g["Soft"].node.values["sigma"] == 5.0
    assert g["Soft"].node.view == portrait()["Soft"].node.view


def test_what_is_renamed_or_removed_is_dropped_with_a_notice() -> None:
    code = portrait().to_python().replace("soft", "softer")
    code = code.replace("# softer", "# soft").replace('save_image = g.add("SaveImage", images=softer)\n', "")
    code = code.replace("\n# nodebook layout", 'sharp = g.add("ImageSharpen", image=softer)\n\n# nodebook layout')
    g = nb.from_python(code)
    assert g.notices == ["The code no longer has what the layout says of: soft, save_image. That part is left out."]
    assert [each.node.type for each in g.nodes] == ["LoadImage", "ImageBlur", "ImageSharpen"]
    assert all("x" in each.node.view for each in g.nodes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("# soft {", "cannot be read"),
        ("<<<<<<< HEAD", "cannot be read"),
        ('# soft 2 {"x": 1} {"a": 1} {}', None),
        ("# nodes are fun", "cannot be read"),
        ('# photo 1 {"x": 1}', "no longer has"),
        ("# soft 2 [1]", "cannot be read"),
        ("# group: 1 2 3", "cannot be read"),
    ],
)
def test_a_broken_layout_is_no_failure(line: str, words: str | None) -> None:
    code = portrait().to_python().rstrip("\n") + "\n" + (line if line.startswith("#") else "# " + line) + "\n"
    g = nb.from_python(code)
    assert len(g) == 3
    assert words is None or words in " ".join(g.notices)


def test_a_layout_of_a_newer_version_is_left_out() -> None:
    g = nb.from_python(portrait().to_python().replace("layout 1", "layout 2"))
    assert "Update nodebook" in g.notices[0]
    assert len(g) == 3


def test_two_nodes_of_one_id_both_stay() -> None:
    code = portrait().to_python().replace("# soft 2", "# soft 1")
    g = nb.from_python(code)
    assert len(g) == 3
    assert "gives the id 1 twice" in g.notices[0]


def test_a_layout_in_a_file_beside(tmp_path: Path) -> None:
    g = portrait()
    code = g.to_python(layout=tmp_path / "portrait.layout")
    (tmp_path / "portrait.py").write_text(code, encoding="utf-8")
    assert "# soft" not in code
    assert nb.from_python(tmp_path / "portrait.py").to_json() == g.to_json()
    assert nb.from_python(code, layout=tmp_path / "portrait.layout").to_json() == g.to_json()
    hostile = code.replace('"portrait.layout"', '"../secret"')
    (tmp_path / "portrait.py").write_text(hostile, encoding="utf-8")
    (tmp_path.parent / "secret").write_text("# nodebook layout 1\n# secret 7\n", encoding="utf-8")
    assert nb.from_python(tmp_path / "portrait.py").notices == []
    with pytest.raises(DocumentNotFoundError, match="no file"):
        nb.from_python(tmp_path / "absent.py")


# What is refused

REFUSED: dict[str, tuple[str | None, str]] = {
    "an import": ("import os", "line 4, column 1: Only nodebook may be imported, got 'os'"),
    "from an import": ("from os import path", "Only nodebook may be imported, got 'os'"),
    "a call": ("__import__('os').system('x')", "cannot be read: nothing here is executed|no node function"),
    "a run": ('g.add("X")\ng.run()', "line 5, column 1: g.run.* cannot be read"),
    "a loop": ("for i in range(9):\n    g.add('X')", "A for loop cannot be read"),
    "an f-string": ('g.add(f"{1}")', "A text with .* in it cannot be read"),
    "a calculation": ('g.add("X", a=2 ** 9)', "A calculation cannot be read"),
    "a lambda": ('g.add("X", a=lambda: 1)', "A lambda cannot be read"),
    "a class": ("class A: pass", "A class cannot be read"),
    "a function": ("def f(g): pass", "builds no subgraph. Write @nb.subgraph above it"),
    "an unknown name": ('g.add("X", a=nothing)', "column 14: nothing is not defined above"),
    "an attribute of a literal": ('g.add("X", a="".join)', "Only a node has outputs as attributes"),
    "bytes": ('g.add("X", a=b"1")', "Constant cannot be read"),
    "a second graph": ("h = nb.Graph()", "makes a second graph"),
    "no graph": (None, "No graph is made"),
    "an unknown output": ('p = g.add("LoadImage")\ng.add("X", a=p.picture)', "has no output 'picture'"),
    "two outputs": ('p = g.add("LoadImage")\ng.add("X", a=p)', "no single output: its outputs are IMAGE, MASK"),
    "an unknown type's output": ('p = g.add("X")\ng.add("X", a=p)', "outputs of X are not known here"),
    "too few names": ('a, = g.add("LoadImage")', "unpacks into 2, not 1"),
    "an attribute set": ("g.name = 'x'", "Only names can be assigned"),
    "the graph overwritten": ('g = g.add("X")', "g is the graph"),
    "a name twice": ('g.add("X", **{"a": 1, "a": 2})', "given twice"),
    "a dictionary with a name twice": ('g.add("X", v={"a": 1, "a": 2})', "has 'a' twice"),
    "a number as a name": ('g.add("X", v={1: 2})', "must be text"),
    "stars": ('g.add("X", **other)', "only inputs written out"),
    "a mode of seeds": ('g.add("KSampler").vary(seed="often")', "can be fixed, randomize"),
    "a deep literal": (f'g.add("X", v={"[" * 150}{"]" * 150})', "nests more than 100"),
    "an unfinished merge": ("<<<<<<< HEAD\na = 1\n=======\n>>>>>>> x\n", "unfinished git merge"),
    "no Python": ("g.add(", "line 4, column 6: This is no Python"),
    "a zero": ("\x00", "cannot be parsed|no Python"),
    "a long number": (f'g.add("X", a={"9" * 5000})', "no Python|cannot be parsed"),
    "a walrus": ('g.add("X", a=(b := 1))', "An assignment inside"),
    "a dunder": ('p = g.add("LoadImage")\ng.add("X", a=p.__class__)', "has no output '__class__'"),
    "a handle's own word": ('p = g.add("LoadImage")\ng.add("X", a=p.graph)', "has no output 'graph'"),
    "a variable in a list": ('g.add("X", v=[nb.variable("a")])', "is a whole value, not a part"),
    "a binding of no input": ('g.bind(prompt="a")', "no named input 'prompt'"),
    "an outer node": (
        'p = g.add("LoadImage")\n@nb.subgraph\ndef f(g):\n    g.add("X", a=p.image)\ng.define(f)',
        "p is a node outside this subgraph. Make it an input",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_with_its_place(body: str | None, message: str) -> None:
    with pytest.raises(GraphCodeError, match=message) as caught:
        read("x = 1", "") if body is None else read(body)
    assert isinstance(caught.value, ValueError)


def test_the_source_line_is_shown_with_a_mark() -> None:
    with pytest.raises(GraphCodeError) as caught:
        read('a = g.add("X", b=open("/etc/passwd"))')
    assert (caught.value.line, caught.value.column) == (4, 18)
    _, source, mark = str(caught.value).split("\n")
    assert source == '    a = g.add("X", b=open("/etc/passwd"))'
    assert mark.index("^") == source.index("open")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("a = " + "-" * 200_000 + "1", id="signs"),
        pytest.param("a = " + "(" * 100_000 + ")" * 100_000, id="brackets"),
        pytest.param("a = g" + ".b" * 200_000, id="attributes"),
        pytest.param("a = g.add('X')" + ".mute()" * 50_000, id="a chain of calls"),
        pytest.param("a = " + "[" * 190 + "]" * 190, id="lists"),
        pytest.param("a = " + "{'a':" * 90 + "1" + "}" * 90 + "\n" + "if 1:\n", id="dictionaries"),
        pytest.param("a = " + "f(" * 150 + ")" * 150, id="calls"),
        pytest.param("a = '" + "x" * 40_000_000 + "'", id="a huge text"),
        pytest.param("".join(f"{' ' * n}if 1:\n" for n in range(120)), id="blocks"),
        pytest.param("a = 1 if " * 20_000, id="conditions"),
        pytest.param("a = " + " + ".join(["1"] * 100_000), id="a long sum"),
    ],
)
def test_hostile_code_is_refused_soon(body: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(GraphCodeError):
        read(body)
    assert time.perf_counter() - begin < 20  # most take milliseconds; the machine may be busy


def test_a_large_graph_goes_there_and_back_in_seconds() -> None:
    lines = ['n0 = g.add("ImageBlur")', *(f'n{n} = g.add("ImageBlur", image=n{n - 1})' for n in range(1, 2000))]
    g = nb.Graph.of_state(read("\n".join(lines)))
    begin = time.perf_counter()
    assert nb.from_python(g.to_python()).to_json() == g.to_json()
    assert time.perf_counter() - begin < 60  # about 2 seconds on an idle core
