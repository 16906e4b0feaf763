from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nodebook.assets.errors import PictureError
from nodebook.nodes import thumbnails as module
from nodebook.nodes.convert import image_to_pils
from nodebook.nodes.thumbnails import encode_thumbnail

CASES: dict[str, tuple[Any, str, tuple[int, int]]] = {
    "small picture": (Image.new("RGB", (30, 20)), "image/jpeg", (30, 20)),
    "large picture": (Image.new("RGB", (2000, 1000)), "image/jpeg", (512, 256)),
    "grey": (Image.new("L", (30, 20)), "image/jpeg", (30, 20)),
    "16 bits": (Image.new("I;16", (30, 20)), "image/jpeg", (30, 20)),
    "palette": (Image.new("P", (30, 20)), "image/jpeg", (30, 20)),
    "cmyk": (Image.new("CMYK", (30, 20)), "image/jpeg", (30, 20)),
    "alpha": (Image.new("RGBA", (30, 20)), "image/webp", (30, 20)),
    "grey with alpha": (Image.new("LA", (30, 20)), "image/webp", (30, 20)),
    "image": (torch.zeros(2, 20, 30, 3), "image/jpeg", (30, 20)),
    "image with alpha": (torch.zeros(1, 20, 30, 4), "image/webp", (30, 20)),
    "mask": (torch.zeros(2, 20, 30), "image/jpeg", (30, 20)),
    "flat mask": (torch.zeros(20, 30), "image/jpeg", (30, 20)),
    "large image": (torch.zeros(1, 3000, 5000, 3), "image/jpeg", (512, 307)),
    "array": (np.zeros((20, 30, 3), np.uint8), "image/jpeg", (30, 20)),
    "thin": (torch.zeros(1, 1, 4000, 3), "image/jpeg", (512, 1)),
    "list": ([Image.new("RGB", (30, 20))], "image/jpeg", (30, 20)),
}


@pytest.mark.parametrize(("value", "mime", "size"), CASES.values(), ids=CASES)
def test_thumbnails(value: Any, mime: str, size: tuple[int, int]) -> None:
    data, kind, _, _ = encode_thumbnail(value)
    assert kind == mime
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == size
        assert Image.MIME[picture.format or ""] == mime


@pytest.mark.parametrize("name", CASES)
def test_a_thumbnail_says_how_large_the_picture_is(name: str) -> None:
    large = {"large picture": (2000, 1000), "large image": (5000, 3000), "thin": (4000, 1)}
    value, _, size = CASES[name]
    assert encode_thumbnail(value)[2:] == large.get(name, size)


def test_small_pictures_keep_their_colours_since_they_are_shown_enlarged() -> None:
    columns = np.zeros((16, 16, 3), np.uint8)
    columns[:, ::2, 0] = 255
    columns[:, 1::2, 2] = 255
    with Image.open(io.BytesIO(encode_thumbnail(Image.fromarray(columns)).data)) as picture:
        assert np.abs(np.asarray(picture).astype(int) - columns).max() < 16


def test_a_thumbnail_shows_the_picture() -> None:
    image = torch.zeros(1, 600, 600, 3)
    image[:, :300, :, 0] = 1.0
    with Image.open(io.BytesIO(encode_thumbnail(image, 64).data)) as picture:
        red = np.asarray(picture)[..., 0].astype(int)
    assert red[:28].min() > 230
    assert red[36:].max() < 25


def test_the_original_is_left_alone() -> None:
    picture = Image.new("RGB", (1000, 1000))
    encode_thumbnail(picture, 10)
    assert picture.size == (1000, 1000)


@pytest.mark.parametrize("value", ["text", None, [], torch.zeros(3), np.zeros((2, 2), np.int32), {"a": 1}])
def test_what_is_no_picture_says_so(value: Any) -> None:
    with pytest.raises(PictureError):
        encode_thumbnail(value)


@pytest.mark.parametrize(
    "value", [torch.zeros(1, 4000, 3000, 3), np.zeros((4000, 3000), np.uint8), torch.zeros(4, 4000, 3000)]
)
def test_a_large_picture_is_thinned_out_before_it_is_converted(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    sides = []

    def record(small: Any) -> list[Image.Image]:
        sides.append(max(small.shape[:2]))
        return image_to_pils(small)

    monkeypatch.setattr(module, "image_to_pils", record)
    encode_thumbnail(value, 100)
    assert sides
    assert max(sides) <= 300
