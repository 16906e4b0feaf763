from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodebook.engine.ports import ANY, PortRegistry
from nodebook.errors import NodebookError, PortTypeError


@pytest.fixture
def ports() -> PortRegistry:
    registry = PortRegistry()
    registry.register_adapter("INT", "FLOAT", float)
    registry.register_adapter("MASK", "IMAGE", str)
    return registry


FITS = {
    "the same": ("IMAGE", "IMAGE", True),
    "another": ("IMAGE", "LATENT", False),
    "an adapter": ("INT", "FLOAT", True),
    "an adapter backwards": ("FLOAT", "INT", False),
    "a wildcard source": ("*", "IMAGE", True),
    "a wildcard target": ("IMAGE", "*", True),
    "two wildcards": ("*", "*", True),
    "into a union": ("MASK", "IMAGE,MASK", True),
    "out of a union": ("IMAGE,MASK", "MASK", True),
    "unions that meet": ("A,B", "B,C", True),
    "unions that do not meet": ("A,B", "C,D", False),
    "unions by an adapter": ("A,INT", "C,FLOAT", True),
    "a union with spaces": ("IMAGE, MASK", "MASK", True),
    "a part of a name": ("IMAGE", "IMAGE_LIST", False),
    "another case": ("IMAGE", "image", False),
}


@pytest.mark.parametrize(("source", "target", "fits"), FITS.values(), ids=FITS.keys())
def test_a_link_fits_by_name_union_wildcard_or_adapter(
    ports: PortRegistry, source: str, target: str, *, fits: bool
) -> None:
    assert ports.fits(source, target) is fits


def test_a_value_passes_as_it_is_where_the_types_meet(ports: PortRegistry) -> None:
    assert ports.route("IMAGE,MASK", "IMAGE") is None
    assert ports.route(ANY, "FLOAT") is None


def test_a_value_is_converted_where_only_an_adapter_fits(ports: PortRegistry) -> None:
    assert ports.route("INT", "FLOAT") is float


def test_types_that_do_not_fit_are_refused_with_what_would(ports: PortRegistry) -> None:
    with pytest.raises(PortTypeError, match=r"INT does not fit LATENT.*INT converts to FLOAT") as caught:
        ports.route("INT", "LATENT")
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, NodebookError)


def test_a_new_adapter_counts_for_pairs_that_were_asked_before(ports: PortRegistry) -> None:
    assert not ports.fits("A", "B")
    assert ports.route("A,INT", "B,FLOAT") is float
    ports.register_adapter("A", "B", str)
    assert ports.fits("A", "B")
    assert ports.route("A,INT", "B,FLOAT") is str


def test_adapters_are_listed_in_order_for_the_front_end(ports: PortRegistry) -> None:
    assert ports.adapter_pairs() == [["INT", "FLOAT"], ["MASK", "IMAGE"]]


def test_a_registered_class_is_found_by_its_name(ports: PortRegistry) -> None:
    ports.register_class("PIL.Image.Image", port="IMAGE", to_wire=str)
    found = ports.find_class("PIL.Image.Image")
    assert found is not None
    assert (found.port, found.to_wire, found.from_wire) == ("IMAGE", str, None)
    assert ports.find_class("PIL.Image") is None


@given(
    st.lists(st.sampled_from("ABC"), min_size=1, max_size=3),
    st.lists(st.sampled_from("ABC"), min_size=1, max_size=3),
    st.randoms(),
)
def test_the_order_of_a_union_does_not_count(source: list[str], target: list[str], random: Random) -> None:
    registry = PortRegistry()
    registry.register_adapter("A", "B", str)
    registry.register_adapter("A", "C", int)
    registry.register_adapter("B", "C", float)
    one = ",".join(source), ",".join(target)
    for other_source, other_target in (
        (source[::-1], target[::-1]),
        (random.sample(source, len(source)), random.sample(target, len(target))),
    ):
        other = ",".join(other_source), ",".join(other_target)
        assert registry.fits(*one) == registry.fits(*other)
        if registry.fits(*one):
            assert registry.route(*one) is registry.route(*other)
