"""The order of a run keeps a loaded model in use."""

from __future__ import annotations

from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.annotations import Port
from nodebook.engine.node import node
from nodebook.engine.residency import keep_in_use
from tests.engine.support import Laboratory, out

Model = Annotated[Any, Port("MODEL")]


@node(outputs=("model",))
def load(name: str = "a") -> Model:
    return name


@node(outputs=("model",))
def patch(model: Model, by: str = "+") -> Model:
    return f"{model}{by}"


@node(outputs=("latent",))
def sample(model: Model, latent: Any = None, seed: int = 0) -> str:
    return f"{model}{latent}{seed}"


@node(outputs=("latent",))
def prepare(latent: Any = None, seed: int = 0) -> str:
    return f"{latent}{seed}"


def laboratory() -> Laboratory:
    lab = Laboratory()
    lab.library.ports.mark_resident("MODEL")
    lab.define(load, patch, sample, prepare)
    return lab


def models_in_order(lab: Laboratory, order: list[str]) -> list[str]:
    """The model that each sampling uses, in order."""
    state = lab.store.state

    def root(node_id: str) -> str:
        found = state.nodes[node_id]
        return root(found.links["model"].node) if "model" in found.links else node_id

    return [root(node_id) for node_id in order if state.nodes[node_id].type == "sample"]


def test_samplings_of_one_model_run_together_also_behind_patches() -> None:
    lab = laboratory()
    a, b = lab.add("load", name="a"), lab.add("load", name="b")
    patched = lab.add("patch", model=out(a, "model"))
    for seed, model in enumerate((a, b, patched, b)):
        lab.add("sample", model=out(model, "model"), seed=seed)
    order = list(lab.run().executed)
    assert models_in_order(lab, order) == [a, a, b, b]


def test_a_change_that_must_be_is_made_once_where_it_can() -> None:
    lab = laboratory()
    a, b = lab.add("load", name="a"), lab.add("load", name="b")
    first = lab.add("sample", model=out(a, "model"))
    second = lab.add("sample", model=out(b, "model"), latent=out(first, "latent"))
    lab.add("sample", model=out(a, "model"), latent=out(second, "latent"))
    lab.add("sample", model=out(b, "model"), seed=5)
    assert models_in_order(lab, list(lab.run().executed)) == [a, b, b, a]


def test_one_model_leaves_the_order_as_it_is() -> None:
    lab = laboratory()
    a = lab.add("load", name="a")
    nodes = [lab.add("sample", model=out(a, "model"), seed=seed) for seed in range(3)]
    assert list(lab.run().executed) == [a, *nodes]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["load", "patch", "sample", "prepare"]),
            st.integers(0, 30),
            st.integers(0, 30),
            st.booleans(),
        ),
        max_size=14,
    )
)
def test_sources_stay_before_consumers_and_nothing_is_lost(drawn: list[tuple[str, int, int, bool]]) -> None:
    lab = laboratory()
    models, latents = [lab.add("load", name="first")], [lab.add("prepare")]
    for number, (kind, one, other, is_linked) in enumerate(drawn):
        inputs: dict[str, Any] = {}
        if kind in ("patch", "sample"):
            inputs["model"] = out(models[one % len(models)], "model")
        if kind in ("sample", "prepare"):
            inputs["seed"] = number
            if is_linked:
                inputs["latent"] = out(latents[other % len(latents)], "latent")
        if kind == "load":
            inputs["name"] = str(number)
        made = lab.add(kind, **inputs)
        (models if kind in ("load", "patch") else latents).append(made)
    plan = lab.plan(*lab.store.state.nodes)
    compiled = lab.store.index().compiled
    order = [step.id for step in keep_in_use(plan.steps, compiled)]
    assert sorted(order) == sorted(lab.store.state.nodes)
    for node_id in order:
        for link in lab.store.state.nodes[node_id].links.values():
            assert order.index(link.node) < order.index(node_id)
