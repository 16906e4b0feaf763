from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError
from nodebook.assets.plain_codecs import default_codecs
from nodebook.nodes import register_codecs
from nodebook.nodes.codecs import DTYPES

CODECS = default_codecs()
register_codecs(CODECS)


def round_trip(value: Any) -> Any:
    encoded = CODECS.encode(value)
    return CODECS.decode(encoded.tree, [bytearray(b"".join(leaf)) for leaf in encoded.leaves])


pytestmark = pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")


def bits(tensor: torch.Tensor) -> bytes:
    flat = tensor.reshape(-1).clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


shapes = st.lists(st.integers(0, 4), max_size=4)


@given(st.sampled_from(sorted(DTYPES)), shapes, st.integers(0, 2**32))
def test_tensors_of_every_type_and_shape_come_back_bit_by_bit(name: str, shape: list[int], seed: int) -> None:
    dtype = DTYPES[name]
    count = torch.Size(shape).numel() * dtype.itemsize
    random = torch.randint(0, 256, (count,), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    flat = (random & 1).view(torch.bool) if dtype == torch.bool else random.view(dtype)
    tensor = flat.reshape(shape)
    for each in (tensor, tensor.mT if tensor.ndim > 1 else tensor, tensor[..., ::2] if tensor.ndim else tensor):
        found = round_trip(each)
        assert (found.dtype, found.shape, found.device) == (each.dtype, each.shape, each.device)
        assert bits(found) == bits(each)


def test_a_tensor_read_back_can_be_written_to() -> None:
    found = round_trip(torch.ones(3))
    found.add_(1)
    assert found.tolist() == [2, 2, 2]
    found.resize_(3)


def test_conjugated_and_negated_views_are_what_they_show() -> None:
    tensor = torch.tensor([1 + 2j])
    assert torch.equal(round_trip(tensor.conj()), tensor.conj())
    assert torch.equal(round_trip(tensor.conj().imag), tensor.conj().imag)


def test_conditioning_and_latents_keep_their_structure() -> None:
    shared = torch.rand(1, 77, 8)
    conditioning: Any = [[shared, {"pooled_output": shared, "strength": 0.5, "area": (8, 8, 0, 0), "mask": None}]]
    latent: Any = {"samples": torch.rand(1, 4, 8, 8), "noise_mask": torch.zeros(1, 8, 8), "batch_index": [0, 1]}
    assert len(CODECS.encode(conditioning).leaves) == 1
    found, found_latent = round_trip([conditioning, latent])
    assert torch.equal(found[0][0], shared)
    assert {key: value for key, value in found[0][1].items() if key != "pooled_output"} == {
        "strength": 0.5,
        "area": (8, 8, 0, 0),
        "mask": None,
    }
    assert torch.equal(found_latent["samples"], latent["samples"])
    assert found_latent["batch_index"] == [0, 1]


@pytest.mark.parametrize("value", [torch.float8_e5m2, torch.device("cpu"), torch.Size([1, 2])], ids=str)
def test_types_devices_and_sizes(value: Any) -> None:
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        torch.nn.Parameter(torch.ones(1)),
        torch.nn.Linear(1, 1),
        torch.ones(1, requires_grad=True),
        torch.eye(2).to_sparse(),
        torch.ones(2, device="meta"),
        {"model": [torch.nn.ReLU()]},
    ],
    ids=["parameter", "module", "gradient", "sparse", "meta", "module inside"],
)
def test_models_and_special_tensors_are_refused(value: Any) -> None:
    with pytest.raises(NotStorableError):
        CODECS.encode(value)


def tree(dtype: Any = "float32", shape: Any = (2,), device: Any = "cpu") -> bytes:
    import json

    return json.dumps({"$": "torch.tensor", "dtype": dtype, "shape": shape, "device": device, "leaf": 0}).encode()


@pytest.mark.parametrize(
    "encoded",
    [
        tree("float64"),
        tree("load"),
        tree(shape=[-1]),
        tree(shape=[1 << 62]),
        tree(shape=[True, 2]),
        tree(shape=7),
        tree(device="nowhere"),
        tree(device=[1]),
        b'{"$":"torch.tensor"}',
    ],
)
def test_hostile_tensors_are_refused(encoded: bytes) -> None:
    with pytest.raises(DamagedError):
        CODECS.decode(encoded, [bytearray(8)])


def test_a_device_that_is_absent_is_no_damage() -> None:
    with pytest.raises(UnavailableError, match="cuda:99, which is not here"):
        CODECS.decode(tree(device="cuda:99"), [bytearray(8)])
