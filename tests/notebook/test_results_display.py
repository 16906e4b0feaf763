"""What a cell shows for handles, outputs, values, runs, models and the session."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

from nodebook.engine.items import Block, Items
from nodebook.engine.node import UI, node
from nodebook.graph import Graph
from nodebook.models.latents import SD1
from nodebook.notebook.display import formatters
from nodebook.notebook.display.look import bundle, words_of
from nodebook.notebook.display.plot import curve
from nodebook.notebook.display.showing import MAX_FILE_BYTES, MAX_PICTURES, Showing, blocks_of

if TYPE_CHECKING:
    from nodebook.sessions import Session

MAX_HTML_CHARS = 3 * MAX_FILE_BYTES
"""Files as base64, and what is around them."""

HOSTILE = "<script>alert('&')</script>\"'"


class Checker(HTMLParser):
    """Takes HTML apart: the words in it, the tags that it opens and closes, and attributes that would run code."""

    VOID = frozenset({"img", "br", "line", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")], "HTML that runs code"
        if tag == "img":
            self.images.append(dict(attrs))
            self.words.append(dict(attrs)["alt"] or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def checked(shown: dict[str, Any]) -> Checker:
    """Check that a bundle is safe, whole and small; return what is in its HTML."""
    html, text = shown["text/html"], shown["text/plain"]
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert not checker.tags & {"script", "style", "iframe", "object", "link"}
    assert len(html) <= MAX_HTML_CHARS
    assert len(text) <= 100_000
    return checker


def shows(value: Any, port: str = "*", session: Session | None = None) -> dict[str, Any]:
    """Return what a value shows on an output of a port type."""
    return bundle(blocks_of(value, port, Showing(session)))  # type: ignore[arg-type]  # only models ask the session


def formats(value: Any, formatter: DisplayFormatter | None = None) -> dict[str, Any]:
    """Return what IPython makes of a value, by MIME type."""
    data: dict[str, Any]
    data, _ = (formatter or DisplayFormatter()).format(value)  # type: ignore[no-untyped-call]
    return data


def pictures_in(shown: dict[str, Any]) -> list[PIL.Image.Image]:
    """Return the pictures of a bundle, decoded."""
    found: list[PIL.Image.Image] = []
    for each in checked(shown).images:
        data = (each["src"] or "").partition(";base64,")[2]
        found.append(PIL.Image.open(io.BytesIO(base64.b64decode(data))))
    return found


@node(title="Plus")
def plus(value: float = 1.0, more: float = 2.0) -> float:
    """Add two numbers."""
    return value + more


@node(title="Fail")
def fail(value: float) -> float:
    raise ValueError(f"{HOSTILE} at {value}")


@node(title="Refuse")
def refuse(value: float) -> float | Block:
    return Block(f"too {HOSTILE}") if value else value


@node(title="Give")
def give(word: str = HOSTILE) -> str:
    return word


@node(title="Two things")
def two_things(size: int = 8) -> tuple[PIL.Image.Image, float]:
    return PIL.Image.new("RGB", (size, size), "red"), 0.5


@node(title="Picture batch")
def batch(count: int = 3, size: int = 32) -> Any:
    return UI(images=[PIL.Image.new("RGB", (size, size), (each, 0, 0)) for each in range(count)], text=HOSTILE)


@pytest.fixture
def graph(session: Session) -> Graph:
    for each in (plus, fail, refuse, give, two_things, batch):
        session.library.define(each)
    return Graph(own_session=session)


# -- handles and outputs


def test_before_a_run_it_says_what_it_is_and_how_to_run_it(graph: Graph) -> None:
    handle = graph.add(plus, value=graph.add(plus, title=HOSTILE), more=3.5)
    text = handle._repr_mimebundle_()["text/plain"]
    assert text.splitlines() == [
        "Plus  (node 2, not run yet)",
        "Run it with g.run(handle), or the whole graph with g.run().",
        "Add two numbers.",
        f"value  from {HOSTILE} (node 1), FLOAT",
        "more   3.5",
    ]
    assert HOSTILE in "".join(checked(handle._repr_mimebundle_()).words)


def test_after_a_run_it_shows_the_value_and_says_when_that_is_old(graph: Graph) -> None:
    handle = graph.add(plus, more=4.0)
    graph.run()
    assert handle._repr_mimebundle_()["text/plain"] == "Plus  (node 1)\n5.0"
    assert handle.float._repr_mimebundle_()["text/plain"] == "Plus, output FLOAT  (node 1)\n5.0"
    handle.set(more=5.0)
    assert handle._repr_mimebundle_()["text/plain"].splitlines() == [
        "Plus  (node 1)",
        "Of the last run; the graph has changed since, or that run had other inputs.",
        "5.0",
    ]


def test_a_node_that_failed_and_those_that_need_it_say_why(graph: Graph) -> None:
    failed = graph.add(fail, value=1.0)
    after = graph.add(plus, value=failed)
    graph.run()
    assert failed._repr_mimebundle_()["text/plain"].startswith(
        f"Fail  (node 1, failed)\nValueError: {HOSTILE} at 1.0\n"
    )
    assert "did not run" in after._repr_mimebundle_()["text/plain"]
    assert f"{HOSTILE} at 1.0" in after._repr_mimebundle_()["text/plain"]
    for each in (failed, after):
        checked(each._repr_mimebundle_())


def test_refused_removed_muted_unknown_and_wrong_nodes_are_shown_too(graph: Graph) -> None:
    refused = graph.add(plus, value=graph.add(refuse, value=1.0))
    muted = graph.add(plus, title="Muted").mute()
    wrong = graph.add("EmptyImage", width=-5)
    graph.run()
    assert f"A value before it was refused: too {HOSTILE}." in refused._repr_mimebundle_()["text/plain"]
    assert "It is muted: enable it" in muted._repr_mimebundle_()["text/plain"]
    assert (
        "cannot run" in wrong._repr_mimebundle_()["text/plain"] or "failed" in wrong._repr_mimebundle_()["text/plain"]
    )
    output = refused.float
    refused.remove()
    assert "undo brings a removed node back" in refused._repr_mimebundle_()["text/plain"]
    assert "removed" in output._repr_mimebundle_()["text/plain"]
    for each in (refused, output, muted, wrong):
        checked(each._repr_mimebundle_())


def test_each_output_stands_under_its_name(graph: Graph) -> None:
    handle = graph.add(two_things)
    graph.run()
    text = handle._repr_mimebundle_()["text/plain"]
    assert "1 picture, 8 × 8" in text
    assert "0.5" in text
    first, second = handle
    assert "0.5" not in first._repr_mimebundle_()["text/plain"]
    assert "picture" not in second._repr_mimebundle_()["text/plain"]


def test_a_node_inside_a_subgraph_and_the_subgraph_itself_show_their_values(graph: Graph) -> None:
    first = graph.add(plus, more=1.0)
    last = graph.add(plus, value=first, more=2.0)
    graph.add(plus, value=last)
    instance = graph.subgraph([first, last], "Both")
    graph.run()
    assert "4.0" in instance._repr_mimebundle_()["text/plain"]
    inner = next(each for each in graph.store.flat.nodes if "/" in each)
    assert re.search(r"[24]\.0", graph[inner]._repr_mimebundle_()["text/plain"])


def test_html_and_text_say_the_same(graph: Graph) -> None:
    graph.add(fail, value=graph.add(plus))
    graph.add(two_things)
    graph.add(give)
    graph.run()
    for handle in graph.nodes:
        shown = handle._repr_mimebundle_()
        said = " ".join("".join(f" {each} " for each in checked(shown).words).split())
        for word in re.findall(r"[\w.]+", shown["text/plain"]):
            assert word in said or word == "picture", word


def test_the_same_graph_shows_the_same(graph: Graph) -> None:
    class Odd:
        pass

    @node
    def odd() -> Any:
        return [Odd(), {"held": Odd()}, lambda: None]

    graph.session.library.define(odd)
    handle = graph.add(odd)
    graph.run()
    shown = handle._repr_mimebundle_()
    assert "Odd object" in shown["text/plain"]
    assert "0x" not in shown["text/plain"]
    assert "0x" not in shown["text/html"]
    assert handle._repr_mimebundle_() == shown


def test_ipython_shows_both_forms(graph: Graph) -> None:
    handle = graph.add(plus)
    run = graph.run()
    for each in (handle, handle.float, run, graph.session):
        assert {"text/plain", "text/html"} <= formats(each).keys()


# -- pictures


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def test_a_picture_is_lossless_and_small_ones_are_enlarged_by_whole_pixels() -> None:
    value = noise(1, 24, 16, 3)
    shown = shows(value, "IMAGE")
    (picture,) = pictures_in(shown)
    assert picture.format == "PNG"
    assert np.array_equal(np.asarray(picture), (value[0] * 255).round().to(torch.uint8).numpy())
    (tag,) = checked(shown).images
    assert int(tag["width"] or 0) % 16 == 0
    assert int(tag["width"] or 0) >= 32
    assert "pixelated" in (tag["style"] or "")


@pytest.mark.parametrize("size", [(300, 200), (1500, 1000), (40, 2000), (2000, 40), (1, 1), (1, 1000)])
def test_a_large_picture_is_never_shown_larger_than_it_is(size: tuple[int, int]) -> None:
    shown = shows(PIL.Image.new("RGB", size, "blue"))
    (tag,) = checked(shown).images
    (picture,) = pictures_in(shown)
    assert max(picture.size) <= max(size)
    if "pixelated" not in (tag["style"] or ""):
        assert int(tag["width"] or 0) <= size[0]
    assert f"{size[0]} × {size[1]}" in shown["text/plain"]


def test_a_batch_of_64_pictures_of_noise_stays_small() -> None:
    shown = shows(noise(64, 192, 192, 3), "IMAGE")
    assert len(shown["text/html"]) <= MAX_HTML_CHARS
    assert len(pictures_in(shown)) <= MAX_PICTURES
    assert "64 pictures, 192 × 192" in shown["text/plain"]
    left_out = 64 - len(pictures_in(shown))
    assert f"and {left_out} more" in shown["text/plain"]


def test_one_huge_picture_of_noise_stays_small_too() -> None:
    shown = shows(noise(1, 1600, 1600, 3), "IMAGE")
    (picture,) = pictures_in(shown)
    assert len(shown["text/html"]) <= MAX_HTML_CHARS
    assert picture.size[0] >= 512, "it is still sharp on the page"


def test_pictures_of_a_batch_have_their_numbers() -> None:
    assert [each["alt"] for each in checked(shows(noise(3, 8, 8, 3), "IMAGE")).images] == ["0", "1", "2"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr", "HSV", "LAB"])
def test_every_mode_of_pillow_is_shown(mode: str) -> None:
    shown = shows(PIL.Image.new(mode, (20, 10)))
    assert len(pictures_in(shown)) == 1


def test_what_a_picture_carries_does_not_get_into_the_notebook() -> None:
    picture = PIL.Image.new("RGB", (20, 20))
    picture.info["icc_profile"] = np.random.default_rng(0).bytes(5000)
    assert len(shows(picture)["text/html"]) < 3000
    assert "icc_profile" in picture.info, "the picture itself stays as it is"


def test_masks_transparent_pictures_and_odd_numbers_are_shown() -> None:
    mask = torch.tensor([[[0.0, 1.0], [float("nan"), 7.0]]])
    (picture,) = pictures_in(shows(mask, "MASK"))
    assert np.asarray(picture.convert("L")).tolist() == [[0, 255], [0, 255]]
    assert "1 mask, 2 × 2" in shows(mask, "MASK")["text/plain"]
    (seen,) = pictures_in(shows(noise(1, 16, 16, 4), "IMAGE"))
    assert seen.mode == "RGBA"
    assert "no pictures" in shows(noise(0, 16, 16, 3), "IMAGE")["text/plain"]


def test_a_text_on_an_output_node_is_text(graph: Graph) -> None:
    handle = graph.add(batch, count=30)
    graph.run()
    shown = handle._repr_mimebundle_()
    assert HOSTILE in shown["text/plain"]
    assert "and 6 more" in shown["text/plain"]
    checked(shown)


# -- diffusion


def latent(*shape: int, **more: Any) -> dict[str, Any]:
    return {"samples": noise(*shape) - 0.5, **more}


@pytest.mark.parametrize("channels", [4, 16])
def test_a_latent_is_shown_in_false_colours(channels: int) -> None:
    shown = shows(latent(2, channels, 8, 12), "LATENT")
    assert [each.size for each in pictures_in(shown)] == [(12, 8), (12, 8)]
    assert f"latent, 2 × {channels} × 8 × 12: float32" in shown["text/plain"]
    assert "not the decoded picture" in shown["text/plain"]


def test_latents_of_films_of_unknown_channels_and_broken_ones_are_shown() -> None:
    assert len(pictures_in(shows(latent(1, 4, 3, 8, 8), "LATENT"))) == 1
    assert "no colours are known for latents of 7 channels" in shows(latent(1, 7, 8, 8), "LATENT")["text/plain"]
    broken = latent(1, 4, 4, 4, noise_mask=torch.ones(1, 4, 4), batch_index=[3])
    broken["samples"][0, 0, 0, 0] = float("nan")
    text = shows(broken, "LATENT")["text/plain"]
    assert "1 of 64 elements" in text
    assert "noise_mask   1 × 4 × 4" in text
    assert "cannot be shown" in shows({"samples": None}, "LATENT")["text/plain"]


def test_colours_follow_the_model_that_made_the_latent() -> None:
    own = dataclasses.replace(SD1, name="mine", rgb=((1.0, 0.0, 0.0),) * 4)
    value = latent(1, 4, 4, 4)
    usual = bundle(blocks_of(value, "LATENT", Showing(None)))  # type: ignore[arg-type]
    ours = bundle(blocks_of(value, "LATENT", Showing(None, own)))  # type: ignore[arg-type]
    assert "false colours (mine)" in ours["text/plain"]
    pixels = np.asarray(pictures_in(ours)[0])
    assert not np.array_equal(pixels, np.asarray(pictures_in(usual)[0]))
    assert len(np.unique(pixels[..., 1])) == 1, "only red follows the latent"


def test_conditioning_is_a_table_of_tokens_norms_and_regions() -> None:
    tokens = torch.ones(1, 77, 4)
    entries = [
        [tokens, {"pooled_output": torch.ones(1, 9), "area": (8, 8, 0, 0), "strength": 0.5}],
        [None, {"guidance": 3.5, "control": object(), "mask": torch.ones(1, 8, 8)}],
    ]
    shown = shows(entries, "CONDITIONING")
    text = shown["text/plain"]
    assert "conditioning, 2 entries" in text
    assert re.search(r"77 × 4 +17\.55 +9, norm 3 +area \(8, 8, 0, 0\), strength 0\.5", text)
    assert re.search(r"none +mask 1 × 8 × 8 +guidance 3\.5, control <object object>", text)
    checked(shown)


def test_noise_levels_are_a_curve() -> None:
    shown = shows(torch.tensor([14.6, 3.0, 0.5, 0.0]), "SIGMAS")
    assert "noise levels, 3 steps" in shown["text/plain"]
    assert "from 14.6 to 0" in shown["text/plain"]
    assert "polyline" in checked(shown).tags


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60))
def test_a_curve_is_inside_its_frame_whatever_the_values(values: list[float]) -> None:
    drawn = curve(values, "levels")
    for x, y in re.findall(r"([-\d.]+),([-\d.]+)", drawn.partition('points="')[2].partition('"')[0]):
        assert 0 <= float(x) <= 320
        assert 0 <= float(y) <= 96
    assert "nan" not in drawn


def test_models_say_what_they_are_and_where_their_weights_are(session: Session) -> None:
    g = Graph(own_session=session)
    loaded = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")
    styled, _ = g.add("LoraLoader", model=loaded.MODEL, clip=loaded.CLIP, lora_name="nodebook-demo-outline.safetensors")
    encoded = g.add("CLIPTextEncode", clip=loaded.CLIP, text="a star")
    g.run(loaded)
    text = loaded._repr_mimebundle_()["text/plain"]
    assert "family       sd1" in text
    assert re.search(r"parameters   3\.91 million, F16, 7\.5 MiB in the file", text)
    assert text.count("on disk, loaded when a run needs them") == 3
    g.run(encoded, styled)
    text = loaded._repr_mimebundle_()["text/plain"]
    assert text.count("on disk, loaded when a run needs them") == 2
    assert "on cpu, float16" in text
    assert "nodebook-demo-outline.safetensors at 1" in styled._repr_mimebundle_()["text/plain"]
    checked(styled._repr_mimebundle_())
    assert "77 × " in encoded._repr_mimebundle_()["text/plain"]


# -- other values


@dataclasses.dataclass
class Reading:
    place: str
    values: Any = None
    secret: str = dataclasses.field(default="s", repr=False)


def test_records_arrays_tables_and_refusals_are_shown() -> None:
    import pandas as pd
    import polars as pl

    text = shows(Reading(HOSTILE, noise(2, 3)))["text/plain"]
    assert text.splitlines() == ["Reading: 2 members", f"place   {HOSTILE!r}", "values  Tensor 2 × 3, float32"]
    assert "2 × 3" in shows(np.arange(6, dtype=np.int16).reshape(2, 3))["text/plain"]
    assert "0 to 5, mean 2.5" in shows(np.arange(6).reshape(2, 3))["text/plain"]
    frame = pd.DataFrame({"a": range(5000), HOSTILE: "x"})
    assert len(shows(frame)["text/html"]) < 100_000
    assert HOSTILE not in shows(frame)["text/html"]
    assert HOSTILE not in shows(pl.DataFrame({"a": [HOSTILE]}))["text/html"]
    rows = [{"a": index, "b": HOSTILE} for index in range(100)]
    checked(shows(rows))
    assert "100 rows, 2 columns" in shows(rows)["text/plain"]
    assert shows(Block("not now"))["text/plain"] == "refused: not now"
    assert shows(None)["text/plain"] == "None"
    many = shows(Items([1.0, 2.0]))["text/plain"]
    assert many.splitlines() == ["0 of 2 values", "1.0", "1 of 2 values", "2.0"]


def test_sound_is_played_and_what_is_too_long_is_said(tmp_path: Any) -> None:
    sound = {"waveform": torch.zeros(1, 1, 8000), "sample_rate": 8000}
    shown = shows(sound, "AUDIO")
    assert "audio" in checked(shown).tags
    assert "sound sound.wav, 1.0 s" in shown["text/plain"]
    long = {"waveform": torch.zeros(1, 2, 3_000_000), "sample_rate": 44100}
    assert "too large to be put into a notebook" in shows(long, "AUDIO")["text/plain"]
    assert "cannot be shown" in shows(tmp_path / "film.txt", "VIDEO")["text/plain"]


class Rude:
    """Raises at everything that a display may ask."""

    def __repr__(self) -> str:
        raise RuntimeError(HOSTILE)

    def _repr_html_(self) -> str:
        raise RuntimeError(HOSTILE)


def test_a_value_that_raises_is_said_in_words() -> None:
    for value in (Rude(), [Rude()], {"a": Rude()}, Reading("b", Rude())):
        shown = shows(value)
        checked(shown)
        assert "Rude" in shown["text/plain"]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.builds(Rude),
    st.builds(object),
    st.builds(Reading, st.text()),
)
shapes = st.lists(st.integers(0, 5), max_size=5)
dtypes = st.sampled_from([torch.float32, torch.float16, torch.bool, torch.uint8, torch.int64, torch.bfloat16])
tensors = st.builds(lambda shape, dtype: torch.zeros(shape, dtype=dtype), shapes, dtypes)
pictures = st.builds(
    PIL.Image.new, st.sampled_from(["L", "RGB", "RGBA"]), st.tuples(st.integers(1, 40), st.integers(1, 40))
)
values = st.recursive(
    st.one_of(scalars, tensors, pictures, tensors.map(lambda each: {"samples": each})),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)
ports = st.sampled_from(
    ["*", "IMAGE", "MASK", "LATENT", "CONDITIONING", "MODEL", "SIGMAS", "AUDIO", "VIDEO", "STRING,COMBO", "INT"]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(values, ports)
def test_anything_on_any_port_is_shown_safely(value: Any, port: str) -> None:
    checked(shows(value, port))
    checked(shows(Items([value, value]), port))


@given(st.text())
def test_words_are_one_line_without_addresses(text: str) -> None:
    assert "\n" not in words_of(text)
    assert "0x" not in words_of(object())


# -- runs, models in memory, the session


def test_a_run_says_what_came_of_each_node_and_shows_its_pictures(graph: Graph) -> None:
    bad = graph.add(fail, value=graph.add(plus))
    last = graph.add(plus, value=bad)
    seen = graph.add("PreviewImage", images=graph.add("EmptyImage", width=16, height=16))
    run = graph.run(last, seen)
    shown = run._repr_mimebundle_()
    assert shown["text/plain"] == repr(run)
    inside = checked(shown)
    words = " ".join(inside.words)
    for each in ("Run failed", "Fail (node 2)", "ValueError", HOSTILE, "Mend the node", "did not run: node 2"):
        assert each in words, each
    assert len(inside.images) == 1
    again = checked(graph.run(last, seen)._repr_mimebundle_())
    assert "cached" in " ".join(again.words)
    assert len(again.images) == 1


def test_a_run_that_cannot_be_shown_is_still_text(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.add(plus)
    run = graph.run()
    monkeypatch.setattr("nodebook.notebook.display.runs._rows", lambda *_: 1 / 0)
    assert run._repr_mimebundle_() == {"text/plain": "Run done: 1 executed, 0 cached"}


def test_a_run_of_thousands_of_nodes_has_a_bounded_table(graph: Graph) -> None:
    for more in range(300):
        graph.add(plus, more=float(more))
    shown = graph.run()._repr_mimebundle_()
    assert len(shown["text/html"]) < 100_000
    assert "and 200 more" in shown["text/html"]


def test_plan_queue_cache_pool_and_session_have_one_look(graph: Graph) -> None:
    graph.add(plus)
    graph.run()
    formatter = DisplayFormatter()
    shell = type("Shell", (), {"display_formatter": formatter})()
    assert formatters.teach(shell)
    session = graph.session
    for each in (graph.plan(), session.queue, session.cache, session.pool, session.pool.ledger(), session):
        html = formats(each, formatter)["text/html"]
        checked({"text/html": html, "text/plain": ""})
        assert html.startswith('<div style="font-family:')
        assert "<strong>" in html
    assert "nodebook session" in session._repr_mimebundle_()["text/plain"]


def test_a_model_in_a_cell_is_shown_as_on_its_node(session: Session) -> None:
    g = Graph(own_session=session)
    loaded = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")
    g.run(loaded)
    formatter = DisplayFormatter()
    formatters.teach(type("Shell", (), {"display_formatter": formatter})())
    for value in loaded.outputs:
        data = formats(value, formatter)
        assert "nodebook-demo.safetensors" in data["text/html"]
        assert "0x" not in data["text/plain"]
