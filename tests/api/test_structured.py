"""Data classes and pydantic models as ports: links, literals, keys, the disk cache."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import nodebook as nb
from nodebook.assets.errors import NotStorableError
from nodebook.assets.plain_codecs import default_codecs
from nodebook.sessions import Session, use_session


class Mode(Enum):
    FAST = 1
    SLOW = 2


class Inner(BaseModel):
    count: int = Field(default=1, ge=0, le=9, description="how many")


@dataclass
class Settings:
    x: int
    name: str = "a"
    mode: Mode = Mode.FAST
    tags: list[str] = field(default_factory=list)
    inner: Inner = field(default_factory=Inner)

    def area(self) -> int:
        return self.x * 10


class Point(NamedTuple):
    x: int
    y: float


@dataclass
class Pixels:
    """Holds what no document can."""

    data: bytearray = field(default_factory=bytearray)
    owner: Any = None


@dataclass
class Live:
    graph: nb.Graph


@nb.node
def make(x: int = 2) -> Settings:
    return Settings(x, tags=["t"])


@nb.node
def use(settings: Settings, inner: Inner | None = None) -> str:
    return f"{settings.area()} {settings.mode.name} {type(settings.inner).__name__} {inner}"


@nb.node
def tuned(inner: Inner = Inner(count=3)) -> int:  # noqa: B008 -- a default is what is tested
    return inner.count


@pytest.fixture(autouse=True)
def kernel(tmp_path: Path) -> Iterator[Session]:
    own = Session(folder=tmp_path, cache_folder=tmp_path / "cache")
    assert own.cache.disk is not None
    own.cache.disk.min_seconds = 0
    restore = use_session(own)
    for function in (make, use, tuned):
        own.library.define(function)
    yield own
    own.close()
    restore()


def test_a_link_brings_the_object() -> None:
    graph = nb.Graph()
    node = graph.add(use, settings=graph.add(make, x=4))
    assert graph.run().check().executed == ("1", "2")
    assert node.outputs == ("40 FAST Inner None",)


def test_a_literal_is_an_object_of_its_fields() -> None:
    graph = nb.Graph()
    node = graph.add(use, settings={"x": "5", "mode": 2}, inner=Inner(count=4))
    assert node.node.values == {"settings": {"x": 5, "mode": 2}, "inner": {"count": 4}}
    graph.run().check()
    assert node.outputs == ("50 SLOW Inner count=4",)
    reopened = nb.Graph.of_state(graph.store.state)
    assert reopened.run().executed == ()
    assert json.loads(graph.to_json())["nodes"]["1"]["values"]["settings"] == {"x": 5, "mode": 2}
    other = graph.add(tuned)
    graph.run().check()
    assert other.outputs == (3,)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"x": "many"}, "field x: input should be a valid integer"),
        ({"y": 1}, "Settings has no field 'y'. Its fields are: x, name, mode, tags, inner"),
        ({}, "field x: field required"),
        ({"x": 1, "inner": {"count": 99}}, "field inner.count: input should be less than or equal to 9, got 99"),
        (5, "input should be a Settings or its fields, got 5"),
        ([1], "input should be a Settings or its fields"),
    ],
)
def test_a_bad_literal_names_the_field_and_is_kept(value: Any, words: str) -> None:
    graph = nb.Graph()
    node = graph.add(use, settings=value)
    problem = next(each for each in graph.problems if each.input == "settings")
    assert words in problem.message
    assert node.node.values["settings"] == value
    assert graph.run().outcome == "failed"


def test_a_linked_value_of_another_class_is_the_fault_of_its_input(kernel: Session) -> None:
    @nb.node
    def wrong() -> Any:
        return [1]

    kernel.library.define(wrong)
    graph = nb.Graph()
    node = graph.add(use, settings=graph.add(wrong))
    error = graph.run().errors[node.id]
    assert (error.input, error.kind) == ("settings", "ValueError")


def test_fields_have_controls(kernel: Session) -> None:
    widget = kernel.library.get("use").input("settings").widget
    assert widget is not None
    assert widget["kind"] == "fields"
    shown = {each["name"]: each for each in widget["fields"]}
    assert shown["x"]["widget"]["kind"] == "number"
    assert shown["x"]["required"]
    assert shown["mode"]["widget"]["options"] == [1, 2]  # what a literal holds
    assert shown["mode"]["default"] == 1
    assert shown["tags"]["default"] == []
    count = shown["inner"]["widget"]["fields"][0]
    assert (count["widget"]["max"], count["doc"]) == (9, "how many")
    json.dumps(widget)


def test_what_no_document_can_hold_takes_links_only(kernel: Session) -> None:
    @nb.node
    def weigh(pixels: Pixels) -> int:
        return len(pixels.data)

    @nb.node
    def look(live: Live) -> int:
        return len(live.graph)

    for function in (weigh, look):
        kernel.library.define(function)
    assert kernel.library.get("look").input("live").widget is None


def test_a_method_that_changes_makes_its_takers_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = nb.Graph()
    node = graph.add(use, settings={"x": 1})
    assert graph.run().executed == ("1",)
    assert graph.run().executed == ()
    monkeypatch.setattr(Settings, "area", lambda self: self.x * 11)
    assert graph.run().executed == ("1",)
    assert node.outputs[0].startswith("11 ")


def test_a_class_whose_cell_ran_again() -> None:
    names: dict[str, Any] = {"nb": nb, "__name__": "__main__"}

    def cell(source: str) -> None:
        exec(compile("from dataclasses import dataclass\n" + source, "<cell>", "exec"), names)  # noqa: S102

    cell("@dataclass\nclass P:\n    x: int = 1")
    cell("@nb.node\ndef made(x: int = 1) -> P:\n    return P(x)")
    cell("@nb.node\ndef taken(p: P) -> int:\n    return p.x")
    graph = nb.Graph()
    source = graph.add("made", x=7)
    node = graph.add("taken", p=source)
    assert graph.run().check().executed == ("1", "2")
    cell("@dataclass\nclass P:\n    x: int = 1\n    y: int = 2")
    assert graph.run().check().executed == ("1", "2")  # the old ``taken`` gets the new object as its own class
    assert node.outputs == (7,)
    assert source.outputs[0].y == 2


def test_results_come_back_from_the_disk(kernel: Session) -> None:
    graph = nb.Graph()
    node = graph.add(make, x=8)
    graph.run().check()
    assert kernel.cache.flush(30)
    kernel.cache.clear(disk=False)
    graph.store.results = {}
    assert graph.run().executed == ()
    (found,) = node.outputs
    assert found == Settings(8, tags=["t"])
    assert type(found) is Settings
    assert type(found.inner) is Inner


@given(
    st.recursive(
        st.one_of(
            st.builds(Settings, st.integers(), st.text(), st.sampled_from(Mode), st.lists(st.text())),
            st.builds(Inner.model_construct, count=st.integers()),
            st.builds(Point, st.integers(), st.floats(allow_nan=False)),
            st.sampled_from(Mode),
            st.none(),
        ),
        lambda inner: st.lists(inner) | st.builds(Pixels, st.binary().map(bytearray), inner),
    )
)
def test_stored_objects_come_back_equal(value: Any) -> None:
    codecs = default_codecs()
    encoded = codecs.encode(value)
    leaves = [bytearray(b"".join(bytes(part) for part in parts)) for parts in encoded.leaves]
    found = codecs.decode(encoded.tree, leaves)
    assert found == value
    assert type(found) is type(value)


class _Loose(dict[str, int]):
    pass


@dataclass
class _Extending(_Loose):
    x: int = 1


def test_what_is_more_than_its_fields_is_not_stored() -> None:
    codecs = default_codecs()
    more = Inner()
    more.__dict__["other"] = 1
    marked = Settings(1)
    marked.note = "x"  # type: ignore[attr-defined]

    @dataclass
    class Local:
        x: int = 1

    for value in (marked, _Extending(), Local()):
        with pytest.raises(NotStorableError):
            codecs.encode(value)


def test_nothing_of_a_class_is_run_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    codecs = default_codecs()
    encoded = codecs.encode(Settings(1))
    monkeypatch.setattr(Settings, "__init__", lambda *_: pytest.fail("it was called"))
    monkeypatch.setattr(Settings, "__post_init__", lambda *_: pytest.fail("it was called"), raising=False)
    assert codecs.decode(encoded.tree, []).x == 1
