from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image as PILImage

from nodebook.assets.errors import PictureError
from nodebook.engine.describe import describe
from nodebook.engine.node import node
from nodebook.engine.ports import PortRegistry
from nodebook.engine.valueops import ValueRegistry
from nodebook.errors import PortTypeError
from nodebook.nodes import register, run_context
from nodebook.nodes.ports import Image, Mask, nbytes


@pytest.fixture
def ports() -> PortRegistry:
    registry = PortRegistry()
    register(registry, ValueRegistry())
    return registry


@pytest.fixture
def values() -> ValueRegistry:
    registry = ValueRegistry()
    register(PortRegistry(), registry)
    return registry


def tint(
    picture: PILImage.Image,
    batch: list[PILImage.Image],
    array: np.ndarray,
    tensor: torch.Tensor,
    image: Image,
    mask: Mask | None = None,
) -> tuple[PILImage.Image, Mask]:
    raise NotImplementedError


def test_annotations_become_ports(ports: PortRegistry) -> None:
    node_type = describe(node(tint), ports)
    kinds = {spec.name: spec.port for spec in node_type.inputs}
    assert kinds == {
        "picture": "IMAGE",
        "batch": "IMAGE",
        "array": "ARRAY",
        "tensor": "TENSOR",
        "image": "IMAGE",
        "mask": "MASK",
    }
    assert [(spec.name, spec.port) for spec in node_type.outputs] == [("IMAGE", "IMAGE"), ("MASK", "MASK")]
    assert (get_args(Image)[0], get_args(Mask)[0]) == (torch.Tensor, torch.Tensor)


FITS = [
    ("IMAGE", "ARRAY", torch.zeros(1, 2, 3, 3), (1, 2, 3, 3)),
    ("IMAGE", "TENSOR", torch.zeros(1, 2, 3, 3), (1, 2, 3, 3)),
    ("MASK", "ARRAY", torch.zeros(1, 2, 3), (1, 2, 3)),
    ("MASK", "TENSOR", torch.zeros(1, 2, 3), (1, 2, 3)),
    ("ARRAY", "IMAGE", np.zeros((2, 3)), (1, 2, 3, 3)),
    ("ARRAY", "MASK", np.zeros((2, 3)), (1, 2, 3)),
    ("ARRAY", "TENSOR", np.zeros((2, 3)), (2, 3)),
    ("TENSOR", "IMAGE", torch.zeros(2, 3, 3), (1, 2, 3, 3)),
    ("TENSOR", "MASK", torch.zeros(2, 3), (1, 2, 3)),
    ("TENSOR", "ARRAY", torch.zeros(2, 3), (2, 3)),
]


@pytest.mark.parametrize(("source", "target", "value", "shape"), FITS, ids=[f"{a} to {b}" for a, b, *_ in FITS])
def test_adapters(ports: PortRegistry, source: str, target: str, value: Any, shape: tuple[int, ...]) -> None:
    convert = ports.route(source, target)
    assert convert is not None
    converted = convert(value)
    assert tuple(converted.shape) == shape
    assert isinstance(converted, np.ndarray if target == "ARRAY" else torch.Tensor)


def test_numbers_widen_only(ports: PortRegistry) -> None:
    convert = ports.route("INT", "FLOAT")
    assert convert is not None
    assert type(convert(3)) is float
    assert not ports.fits("FLOAT", "INT")


@pytest.mark.parametrize(("source", "target"), [("IMAGE", "MASK"), ("MASK", "IMAGE"), ("STRING", "IMAGE")])
def test_a_mask_is_not_a_picture(ports: PortRegistry, source: str, target: str) -> None:
    with pytest.raises(PortTypeError):
        ports.route(source, target)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("numpy.ndarray", [1], "Expected a NumPy array, got list"),
        ("torch.Tensor", 1.0, "Expected a torch tensor, got float"),
        ("PIL.Image.Image", "x.png", "Expected a PIL.Image.Image, got str"),
        ("list[PIL.Image.Image]", [], "at least one"),
    ],
)
def test_a_node_that_returns_something_else(ports: PortRegistry, name: str, value: Any, message: str) -> None:
    known = ports.find_class(name)
    assert known is not None
    assert known.to_wire is not None
    with pytest.raises(PictureError, match=message):
        known.to_wire(value)


def test_a_bad_dtype_says_so(ports: PortRegistry) -> None:
    convert = ports.route("ARRAY", "TENSOR")
    assert convert is not None
    with pytest.raises(PictureError, match="dtype <U1"):
        convert(np.array(["a"]))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (torch.zeros(2, 3), 24),
        (torch.zeros(1).expand(1000), 4),
        (torch.zeros(100)[:1], 400),
        (np.zeros((2, 3)), 48),
        (PILImage.new("L", (2, 3)), 6),
        (PILImage.new("RGB", (2, 3)), 24),
        (PILImage.new("I;16", (2, 3)), 12),
        (PILImage.new("F", (2, 3)), 24),
    ],
)
def test_sizes(values: ValueRegistry, value: Any, size: int) -> None:
    assert nbytes(value) == size
    assert values.nbytes(value) == size


def test_nothing_else_has_a_size() -> None:
    with pytest.raises(TypeError, match="Expected a tensor"):
        nbytes("x")


def _fill(value: Any) -> None:
    value[...] = 0.5


def _through_numpy(value: torch.Tensor) -> None:
    value.numpy()[...] = 0.5


CHANGES: dict[str, tuple[Any, Any]] = {
    "tensor": (lambda: torch.zeros(1, 64, 64, 3), lambda value: value.mul_(1)),
    "one element": (lambda: torch.zeros(1, 64, 64, 3), lambda value: value[0, 9, 9].fill_(1)),
    "through numpy": (lambda: torch.zeros(1, 64, 64, 3), _through_numpy),
    "array": (lambda: np.zeros((64, 64, 3)), _fill),
    "strided array": (lambda: np.zeros((64, 64, 3))[::2, ::-1], _fill),
    "picture": (lambda: PILImage.new("RGB", (64, 64)), lambda value: value.paste((1, 2, 3), (0, 0, 64, 64))),
}


@pytest.mark.parametrize(("make", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_in_place_is_seen(values: ValueRegistry, make: Any, change: Any) -> None:
    value = make()
    before = values.version(value)
    assert values.version(value) == before
    change(value)
    assert values.version(value) != before


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(0),
        torch.zeros(2, dtype=torch.bfloat16),
        torch.zeros(2, dtype=torch.complex64).conj(),
        torch.zeros(2, requires_grad=True),
        torch.eye(2).to_sparse(),
        np.zeros(0),
        np.array(1.0),
        np.array([{}], object),
        PILImage.new("RGB", (0, 0)),
        PILImage.new("1", (3, 3)),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', getattr(value, 'mode', ''))}",
)
def test_odd_values_have_a_version_and_a_size(values: ValueRegistry, value: Any) -> None:
    assert values.version(value) == values.version(value)
    assert values.nbytes(value) >= 0


def test_arrays_are_protected(values: ValueRegistry) -> None:
    with pytest.raises(ValueError, match="read-only"):
        _fill(values.protect(np.zeros(3)))


def test_nodes_keep_no_gradients() -> None:
    weight = torch.ones(1, requires_grad=True)
    with run_context():
        assert not (weight * 2).requires_grad
