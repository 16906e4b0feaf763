"""``g.interact``: forms of named inputs, without a page."""

from __future__ import annotations

import io
import sys
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import PIL.Image
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodebook.engine import context
from nodebook.engine.annotations import Color, Number, Text, Toggle
from nodebook.engine.node import node
from nodebook.errors import InputValueError, UnknownInputError
from nodebook.graph import Graph
from nodebook.notebook.forms import form as form_module
from nodebook.notebook.forms import making
from nodebook.notebook.forms.fields import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodebook.notebook.forms.form import Form
    from nodebook.sessions import Session

HOSTILE = "<script>alert('&')</script>\"'"


class Mood(Enum):
    GLAD = "glad"
    SAD = "sad"


@node(title="Paint")
def paint(  # noqa: PLR0913, PLR0917 -- one of each
    size: Annotated[int, pydantic.Field(ge=8, le=256), Number(step=8)] = 64,
    tone: Literal["warm", "cold"] = "warm",
    amount: Annotated[float, pydantic.Field(ge=0, le=1), Number(display="slider", step=0.05)] = 0.5,
    seed: int = 3,
    words: Annotated[str, Text(multiline=True)] = "",
    on: Annotated[bool, Toggle("dark", "bright")] = False,  # noqa: FBT002 -- an input of the node
    colour: Annotated[int, Color()] = 0,
    mood: Mood = Mood.GLAD,
) -> PIL.Image.Image:
    """Paint a square.

    size: side of the picture, in pixels.
    words: what is said of it.
    """
    del tone, seed, on, mood, amount
    if words == "slow":
        for step in range(1500):  # half a minute: each test that asks for it cancels it
            time.sleep(0.02)
            context.progress(step + 1, 1500)
    if words == "bad":
        raise ValueError(f"no picture of {HOSTILE}")
    return PIL.Image.new("RGB", (size, size), f"#{colour:06x}")


@node(title="Narrow")
def narrow(size: Annotated[int, pydantic.Field(ge=32, le=1000)], tone: Literal["cold", "grey", "warm"]) -> str:
    return f"{size} {tone}"


DEFAULTS: dict[str, Any] = {
    "size": 64,
    "tone": "warm",
    "amount": 0.5,
    "seed": 2**60 + 1,
    "words": "a square",
    "on": True,
    "colour": 0xFF8000,
    "mood": "GLAD",
}


@pytest.fixture
def graph(session: Session) -> Graph:
    session.library.define(paint)
    session.library.define(narrow)
    graph = Graph(own_session=session)
    painted = graph.add(paint, **{name: graph.input(name, value) for name, value in DEFAULTS.items()})
    graph.add("PreviewImage", images=painted)
    return graph


@pytest.fixture
def make(graph: Graph) -> Iterator[Callable[..., Form]]:
    """Make a form that is closed after the test."""
    made: list[Form] = []

    def interact(*names: str, of: Graph = graph, **options: Any) -> Form:
        made.append(of.interact(*names, **options))
        return made[-1]

    yield interact
    for each in made:
        each.close()


def settle(form: Form) -> None:
    """Wait until a form has done all that it has to do by now."""
    if form.job is not None:
        form.job.result(20)
    for _ in range(2):
        form._thread.submit(lambda: None).result(20)


def until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def said(form: Form, name: str) -> str:
    """Return what stands beside a field as wrong."""
    return str(form.controls[name]._message.value)


# -- fields


def test_fields_are_what_the_inputs_take_that_they_feed(graph: Graph) -> None:
    fields = {each.name: each for each in fields_of(graph)}
    assert {name: each.kind for name, each in fields.items()} == {
        "size": "number",
        "tone": "choice",
        "amount": "slider",
        "seed": "seed",
        "words": "lines",
        "on": "switch",
        "colour": "color",
        "mood": "choice",
    }
    assert (fields["size"].least, fields["size"].most, fields["size"].step) == (8, 256, 8)
    assert fields["size"].doc == "side of the picture, in pixels."
    assert fields["size"].label == "Size"
    assert fields["tone"].choices == ("warm", "cold")
    assert fields["mood"].choices == ("GLAD", "SAD")
    assert fields["on"].words == ("dark", "bright")


def test_what_feeds_two_inputs_takes_what_both_take(graph: Graph) -> None:
    graph.add(narrow, size=graph["size"], tone=graph["tone"])
    fields = {each.name: each for each in fields_of(graph)}
    assert (fields["size"].least, fields["size"].most) == (32, 256)
    assert fields["tone"].choices == ("warm", "cold")
    with pytest.raises(InputValueError, match=r"Expected 32 to 256, got 8"):
        fields["size"].checked(8)


def test_fields_are_found_through_subgraphs_and_reroutes(graph: Graph) -> None:
    reroute = graph.add("Reroute", value=graph.input("far", 9))
    inner = graph.add(narrow, size=reroute, tone="cold")
    graph.subgraph([inner], "Inner")
    field = next(each for each in fields_of(graph) if each.name == "far")
    assert (field.least, field.most) == (32, 1000)


def test_an_input_that_feeds_nothing_is_a_field_by_its_type(session: Session) -> None:
    graph = Graph(own_session=session)
    defaults: dict[str, Any] = {"a": 1, "b": 1.5, "c": "x", "d": True, "e": "two\nlines"}
    for name, value in defaults.items():
        graph.input(name, value)
    assert [each.kind for each in fields_of(graph)] == ["number", "number", "text", "switch", "lines"]


def test_names_choose_and_order_the_fields(graph: Graph, make: Callable[..., Form]) -> None:
    assert list(make("words", "size").controls) == ["words", "size"]
    assert list(make().controls) == list(DEFAULTS)
    with pytest.raises(UnknownInputError, match=r"no named input 'prompt'\. Its named inputs are: size"):
        graph.interact("prompt")
    with pytest.raises(UnknownInputError, match=r"no named input, so that a form would be empty"):
        Graph(own_session=graph.session).interact()
    with pytest.raises(InputValueError, match=r"run of a form is one of 'button', 'change', got 'always'"):
        graph.interact(run="always")  # type: ignore[arg-type]


raw = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["warm", "cold", "GLAD", "12", "1e3", "-4", "0x10", "1_0", " 7 ", "½", "٣"]),
    st.lists(st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(DEFAULTS)), raw)
def test_whatever_stands_in_a_field_is_taken_as_the_graph_takes_it_or_refused_in_words(
    graph: Graph, name: str, value: Any
) -> None:
    field = next(each for each in fields_of(graph) if each.name == name)
    try:
        taken = field.checked(value)
    except InputValueError:
        return
    assert type(taken) is type(field.default)
    _, _, problems = graph.session.plan(graph.store, None, {(field.node, "value"): taken})
    assert [each for each in problems if each.severity == "error"] == []
    for reader in field.readers:
        if reader.check is not None:
            reader.check(taken)
    assert field.checked(taken) == taken


# -- running


def test_values_hold_for_the_forms_runs_only(graph: Graph, make: Callable[..., Form]) -> None:
    form = make()
    before = graph.to_json()
    assert form.values == DEFAULTS
    form.set(size=16, colour=0x00FF00)
    form.run()
    settle(form)
    assert graph.to_json() == before
    assert graph["Preview Image"].images[0].size == (16, 16)
    assert graph["Preview Image"].images[0].getpixel((0, 0)) == (0, 255, 0)
    assert "1 picture, 16 × 16" in form.result.value
    assert form.last_run is not None
    assert form.last_run.outcome == "done"
    form.set_defaults()
    assert graph["size"].node.values["value"] == 16
    graph.undo()
    assert graph.to_json() == before


def test_the_button_returns_at_once_and_another_thread_works(make: Callable[..., Form]) -> None:
    form = make().set(words="slow")
    form.run_button.click()
    assert form.job is not None
    assert not form.job.is_finished
    assert form.run_button.disabled
    until(lambda: "Paint" in form.status.value)
    assert 0 <= form.progress.value < 1
    form.cancel_button.click()
    until(lambda: not form.run_button.disabled)
    assert "Cancelled." in form.result.value
    assert form.status.value == ""


def test_a_bad_value_is_said_at_its_field_and_nothing_is_lost(graph: Graph, make: Callable[..., Form]) -> None:
    form = make().set(words="kept")
    form.controls["size"]._input.value = 900
    assert "Expected 8 to 256, got 900." in said(form, "size")
    form.controls["seed"]._input.value = "seven"
    with pytest.raises(InputValueError, match=r"size|seed"):
        form.run()
    form.run_button.click()  # somebody at the form is told there
    assert "whole number" in said(form, "seed")
    assert "2 fields need another value" in form.message.value
    assert len(graph.session.queue.history) == 0
    form.controls["size"]._input.value = 64
    form.controls["seed"]._input.value = "7"
    assert said(form, "size") == said(form, "seed") == ""
    form.run()
    settle(form)
    assert form.message.value == ""
    assert form.values["words"] == "kept"


def test_an_error_of_a_node_stands_beside_the_field_that_is_to_blame(
    session: Session, make: Callable[..., Form]
) -> None:
    graph = Graph(own_session=session)
    graph.add("PreviewImage", images=graph.add("LoadImage", image=graph.input("photo", "nowhere.png")).IMAGE)
    form = make(of=graph)
    form.run()
    settle(form)
    assert "nowhere.png" in said(form, "photo")
    session.folders.input.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (20, 10)).save(session.folders.input / "here.png")
    form.set(photo="here.png")
    form.run()
    settle(form)
    assert said(form, "photo") == ""
    assert "20 × 10" in form.result.value


def test_an_error_without_a_field_is_said_below_escaped(make: Callable[..., Form]) -> None:
    form = make().set(words="bad")
    form.run()
    settle(form)
    assert "no picture of &lt;script&gt;" in form.message.value
    assert "<script>" not in form.message.value
    form.set(words="good")
    form.run()
    settle(form)
    assert form.message.value == ""


def test_changes_run_once_they_pause_and_the_newest_wins(
    graph: Graph, make: Callable[..., Form], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_module, "CHANGE_PAUSE_S", 0.1)
    form = make(run="change")
    for size in (16, 24, 32):
        form.controls["size"]._input.value = size
    until(lambda: form.last_run is not None)
    assert graph["Preview Image"].images[0].size == (32, 32)
    assert len(graph.session.queue.history) == 1
    form.controls["words"]._input.value = "slow"
    until(lambda: form.job is not None and form.job.status == "running")
    slow = form.job
    form.controls["words"]._input.value = "quick"
    until(lambda: form.job is not slow and form.job is not None and form.job.is_finished)
    assert slow is not None
    assert slow.result(20).outcome == "cancelled"
    settle(form)
    assert "Cancelled" not in form.result.value


def test_where_changes_run_the_first_look_does_too(make: Callable[..., Form]) -> None:
    form = make(run="change")
    until(lambda: form.last_run is not None)
    settle(form)
    assert "<img " in form.result.value


def test_outputs_choose_what_runs_and_is_shown(graph: Graph, make: Callable[..., Form]) -> None:
    other = graph.add(narrow, size=graph["size"], tone=graph["tone"])
    form = make(outputs=[other])
    form.run()
    settle(form)
    assert "64 warm" in form.result.value
    assert "picture" not in form.result.value
    form = make(outputs=["Narrow", graph["Paint"].IMAGE])
    form.run()
    settle(form)
    assert "64 warm" in form.result.value
    assert "picture" in form.result.value


def test_values_say_which_field_holds_nothing_usable(make: Callable[..., Form]) -> None:
    form = make().set(size=100_000)
    with pytest.raises(InputValueError, match=r"The field 'size' holds nothing usable: Expected .* got 100000"):
        _ = form.values


# -- the graph meanwhile


def test_a_default_that_is_edited_elsewhere_is_what_the_field_holds(graph: Graph, make: Callable[..., Form]) -> None:
    form = make().set(words="mine")
    graph["size"].set(value=128)
    settle(form)
    assert form.values["size"] == 128
    assert form.values["words"] == "mine"
    graph.undo()
    settle(form)
    assert form.values["size"] == 64


def test_an_input_that_is_removed_is_left_out_and_comes_back(graph: Graph, make: Callable[..., Form]) -> None:
    form = make()
    graph.remove("size")
    settle(form)
    assert "no longer has this input" in said(form, "size")
    assert form.controls["size"]._input.disabled
    form.set(words="still")
    form.run()
    settle(form)
    assert form.message.value == ""
    graph.undo()
    settle(form)
    assert said(form, "size") == ""
    assert not form.controls["size"]._input.disabled


def test_a_field_that_reads_a_variable_follows_it(
    graph: Graph, make: Callable[..., Form], monkeypatch: pytest.MonkeyPatch
) -> None:
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "wide", 48, raising=False)
    monkeypatch.setattr(main, "much", 1, raising=False)
    monkeypatch.setattr(main, "odd", [1, 2], raising=False)
    graph.bind(size="wide", amount="much", words="odd", tone="not_there")
    form = make()
    assert [form.controls[name].read() for name in ("size", "amount", "words")] == [48, 1.0, ""]
    form.run_button.click()
    assert "Choose one of: warm, cold." in said(form, "tone"), "there is no such variable"
    graph.session.variables.after_cell()  # of the cell that made the form
    monkeypatch.setattr(main, "wide", 56)
    graph.session.variables.after_cell()
    settle(form)
    assert form.controls["size"].read() == 56
    form.set(size=16, tone="cold", words="mine", colour=5)
    form.run()
    settle(form)
    assert graph["Preview Image"].images[0].size == (16, 16)
    form.set_defaults()
    assert repr(graph["size"].node.values["value"]) == "variable wide", "it goes on reading the variable"
    assert graph["colour"].node.values["value"] == 5


def test_two_forms_of_one_graph_show_each_its_own_run(graph: Graph, make: Callable[..., Form]) -> None:
    one, other = make(), make("size")
    one.set(size=16)
    other.set(size=24)
    first, second = one.run(), other.run()
    assert first is not None
    assert second is not None
    settle(one)
    settle(other)
    assert "16 × 16" in one.result.value
    assert "24 × 24" in other.result.value
    graph["size"].set(value=40)
    settle(one)
    settle(other)
    assert one.values["size"] == other.values["size"] == 40


def test_a_closed_form_lets_go_of_graph_session_and_page(graph: Graph, make: Callable[..., Form]) -> None:
    graph.run()  # from the first run on the session itself follows the graph's seeds
    listeners = len(graph.session.stream._listeners), len(graph.store._listeners)
    form = make().set(words="slow")
    form.run()
    job = form.job
    assert job is not None
    form.close()
    form.close()
    assert job.result(20).outcome == "cancelled"
    assert (len(graph.session.stream._listeners), len(graph.store._listeners)) == listeners
    with pytest.raises(InputValueError, match="was closed"):
        form.run()
    form.run_button.click()
    assert form.box.comm is None
    assert form.controls["size"]._input.comm is None
    graph["size"].set(value=8)
    assert form._repr_mimebundle_()["text/plain"].startswith("<closed form of size")
    until(lambda: not any(each.name.startswith("nodebook-form") for each in threading.enumerate()))


def test_a_cell_that_runs_again_takes_the_place_of_its_form(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = ("cell-1", "first")
    monkeypatch.setattr(making, "current_cell", lambda: cell)
    one, two = graph.interact(), graph.interact("size")
    assert not one.is_closed
    cell = ("cell-1", "second")
    three = graph.interact()
    assert (one.is_closed, two.is_closed, three.is_closed) == (True, True, False)
    cell = ("cell-2", "third")
    four = graph.interact()
    assert not three.is_closed
    three.close()
    four.close()


# -- seeds, files, text


def test_a_seed_is_exact_and_the_dice_stay_in_its_range(make: Callable[..., Form]) -> None:
    form = make()
    assert form.values["seed"] == 2**60 + 1
    seen = set()
    for _ in range(50):
        form.controls["seed"]._draw_seed()
        seen.add(form.values["seed"])
    assert len(seen) > 40
    assert all(0 <= seed <= 2**50 for seed in seen)


def picture_file(size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def with_photo(session: Session) -> Graph:
    graph = Graph(own_session=session)
    graph.add("PreviewImage", images=graph.add("LoadImage", image=graph.input("photo", "start.png")).IMAGE)
    return graph


def test_a_picture_is_uploaded_chosen_and_shown(with_photo: Graph, make: Callable[..., Form]) -> None:
    form = make(of=with_photo)
    control = form.controls["photo"]
    control._store([{"name": "../cat.png", "content": memoryview(picture_file())}], _Upload())
    assert form.values["photo"] == "cat.png"
    assert (with_photo.session.folders.input / "cat.png").is_file()
    assert "<img" in control._picture.value
    form.run()
    settle(form)
    assert "30 × 20" in form.result.value
    control._store([{"name": "cat.png", "content": memoryview(picture_file((5, 5)))}], _Upload())
    assert form.values["photo"] == "cat (1).png", "nobody's picture is written over"


def test_a_file_that_is_no_picture_is_refused_and_the_old_one_stays(
    with_photo: Graph, make: Callable[..., Form]
) -> None:
    form = make(of=with_photo)
    form.controls["photo"]._store([{"name": "cat.png", "content": memoryview(b"no picture")}], _Upload())
    assert "cat.png is no picture that can be read" in said(form, "photo")
    assert form.controls["photo"]._input.value == "start.png"
    assert not (with_photo.session.folders.input / "cat.png").exists()


class _Upload:
    """Stands for the page's button, whose files were taken."""

    value: Any = None


def test_names_and_values_of_a_graph_are_text_on_the_page(session: Session, make: Callable[..., Form]) -> None:
    graph = Graph(own_session=session)
    graph.input(HOSTILE, "x")
    form = make(of=graph, title=HOSTILE)
    shown = [each for each in form_module._all_of(form.box) if type(each).__name__ == "HTML"]
    assert any("&lt;script&gt;" in each.value for each in shown)
    assert not any("<script>" in each.value for each in shown)
    assert "<script>" not in form._repr_mimebundle_()["text/html"]


def test_a_cell_shows_the_form_and_words_where_there_is_no_kernel(make: Callable[..., Form]) -> None:
    data = make("size", "words")._repr_mimebundle_()
    assert data["text/plain"] == "<form of size, words>"
    assert "Run all cells to use it" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_last_run_is_a_run_like_any_other(make: Callable[..., Form]) -> None:
    form = make()
    assert not form.last_run
    form.run()
    settle(form)
    run = form.last_run
    assert run is not None
    assert "Preview Image" in run._repr_mimebundle_()["text/html"]
