"""Recorded graphs as API prompts: read, run by the engine in a session, and written again."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from nodebook.comfy import from_prompt, to_prompt
from nodebook.engine.annotations import Hidden
from nodebook.engine.node import node
from nodebook.models.pool import Pool
from nodebook.nodes.diffusion.ports import Cond, LatentImage, Model, SigmasPort
from nodebook.nodes.ports import Image, Mask
from nodebook.sessions import Session
from tests.golden_data import array, cases, expect_close, needs_golden
from tests.golden_graph import apply_model, recorded_folders, tensors_of


@node(name="GoldenLatent")
def golden_latent(name: str) -> LatentImage:
    """Give a recorded latent."""
    return {"samples": array(name)}


@node(name="GoldenImage")
def golden_image(name: str) -> Image:
    """Give a recorded picture."""
    return array(name)


@node(name="GoldenMask")
def golden_mask(name: str) -> Mask:
    """Give a recorded mask."""
    return array(name)


@node(name="GoldenConditioning")
def golden_conditioning(name: str) -> Cond:
    """Give a recorded prompt."""
    return [[array(f"{name}_cond"), {"pooled_output": array(f"{name}_pooled")}]]


@node(name="GoldenApplyModel")
def golden_apply_model(
    model: Model, x: LatentImage, sigma: float, conditioning: Cond, *, pool: Hidden[Pool]
) -> SigmasPort:
    """Give a network's estimate of one evaluation."""
    return apply_model(model, x, sigma, conditioning, pool=pool)


NODES = (golden_latent, golden_image, golden_mask, golden_conditioning, golden_apply_model)
KINDS = (
    *("sampler", "unet", "scheduler", "text", "noise", "inpaint", "advanced", "custom", "vae", "cond", "cond_ops"),
    *("lora", "merge", "patch", "ops", "sdxl", "sd3"),
)


def one_of_each_kind() -> list[Any]:
    """Return the first case of each kind that is made of nodes which a session has here."""
    named = {each.type_name for each in NODES}
    found = cases(*KINDS)
    if found[0].values[0] is None:
        return found
    usable = [each for each in found if all(_is_known(kind, named) for kind in _class_types(each.values[0]))]
    return [next(group) for _kind, group in groupby(usable, key=lambda each: each.values[0]["kind"])]


def _class_types(case: dict[str, Any]) -> set[str]:
    return {entry["class_type"] for entry in case["graph"].values()}


def _is_known(class_type: str, named: set[str]) -> bool:
    return class_type in named or not class_type.startswith("Golden")


@pytest.fixture(scope="module")
def golden_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    own = Session(folder=tmp_path_factory.mktemp("session"), model_folders=recorded_folders())
    own.library.define_all(NODES, origin="test")
    yield own
    own.close()


@needs_golden
@pytest.mark.parametrize("case", one_of_each_kind())
def test_a_prompt_gives_what_comfyui_gave_and_is_written_as_it_was(
    case: dict[str, Any], golden_session: Session
) -> None:
    graph = from_prompt(case["graph"], own_session=golden_session)
    assert graph.problems == []
    written = to_prompt(graph)
    given = {
        node_id: {
            "class_type": entry["class_type"],
            "inputs": {name: entry["inputs"].get(name) for name in case["graph"][node_id]["inputs"]},
        }
        for node_id, entry in written.items()
    }
    assert given == case["graph"]
    assert not graph.run().errors
    for output, (node_id, slot) in case["outputs"].items():
        for name, tensor in tensors_of(output, graph[node_id].outputs[slot]).items():
            expect_close(case, name, tensor)


@needs_golden
def test_every_kind_is_among_them() -> None:
    assert [each.values[0]["kind"] for each in one_of_each_kind()] == sorted(KINDS, key=_place)


def _place(kind: str) -> int:
    return [each.values[0]["kind"] for each in cases(*KINDS)].index(kind)
