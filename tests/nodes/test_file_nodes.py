"""Loading and saving: what happens to real files, good and bad."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nodebook.assets.errors import FileNameError, MissingPictureError, PictureError
from nodebook.assets.folders import Folders
from nodebook.assets.pictures import read_graph, read_texts
from nodebook.engine.context import RunDocument
from nodebook.nodes import builtin_nodes
from nodebook.nodes.blame import INPUT_NOTE
from nodebook.nodes.load import find_picture, load_image, load_image_mask, picture_digest
from nodebook.nodes.save import preview_image, preview_mask, save_image

RED, GREEN = (255, 0, 0), (0, 255, 0)


def store(folders: Folders, picture: Image.Image, name: str = "x.png", **options: Any) -> str:
    picture.save(folders.input / name, **options)
    return name


# LoadImage


def test_a_photograph_has_an_empty_mask(folders: Folders) -> None:
    image, mask = load_image(store(folders, Image.new("RGB", (8, 6), RED)), folders=folders)
    assert image.shape == (1, 6, 8, 3)
    assert image[0, 0, 0].tolist() == [1, 0, 0]
    assert mask.shape == (1, 64, 64)
    assert mask.max() == 0


def test_the_mask_is_what_is_transparent(folders: Folders) -> None:
    picture = Image.new("RGBA", (2, 1), (*RED, 255))
    picture.putpixel((1, 0), (*GREEN, 51))
    image, mask = load_image(store(folders, picture), folders=folders)
    assert image.shape == (1, 1, 2, 3)
    assert image[0, 0, 1].tolist() == [0, 1, 0]  # the colour under the transparency stays
    assert mask[0, 0].tolist() == pytest.approx([0, 0.8])


def test_a_palette_may_be_transparent(folders: Folders) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([*RED, *GREEN])
    picture.putpixel((1, 0), 1)
    image, mask = load_image(store(folders, picture, transparency=1), folders=folders)
    assert image[0, 0].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert mask[0, 0].tolist() == [0, 1]


def test_an_animation_is_a_batch(folders: Folders) -> None:
    frames = [Image.new("RGB", (4, 4), (0, 0, 100 + number)) for number in range(3)]
    name = store(folders, frames[0], "x.webp", save_all=True, append_images=frames[1:], lossless=True)
    image, mask = load_image(name, folders=folders)
    assert image.mul(255).round()[:, 0, 0, 2].tolist() == [100, 101, 102]
    assert mask.shape == (3, 64, 64)


def test_frames_with_and_without_alpha_go_together(folders: Folders) -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    opaque = Image.new("RGB", (4, 4), RED)
    name = store(folders, opaque, "x.gif", save_all=True, append_images=[clear, opaque], disposal=2)
    image, mask = load_image(name, folders=folders)
    assert len(image) == len(mask)
    assert mask.shape[1:] in {(4, 4), (64, 64)}


def test_sixteen_bits_span_zero_to_one(folders: Folders) -> None:
    values = np.array([[0, 13107, 65535]], np.uint16)
    image, _mask = load_image(store(folders, Image.fromarray(values)), folders=folders)
    assert image[0, 0, :, 0].tolist() == pytest.approx([0, 0.2, 1])  # ComfyUI gives 0, 51.4 and 257


def test_cmyk_is_converted(folders: Folders) -> None:
    image, _mask = load_image(store(folders, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "x.jpg"), folders=folders)
    assert image[0, 4, 4].tolist() == pytest.approx([1, 0, 0], abs=0.02)


def test_a_camera_held_sideways(folders: Folders) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image, _mask = load_image(store(folders, Image.new("RGB", (8, 4)), "x.jpg", exif=exif), folders=folders)
    assert image.shape == (1, 8, 4, 3)


@pytest.mark.parametrize(("channel", "value"), [("alpha", 1 - 102 / 255), ("red", 0.2), ("green", 0.4), ("blue", 0.6)])
def test_one_channel_as_a_mask(folders: Folders, channel: Any, value: float) -> None:
    name = store(folders, Image.new("RGBA", (3, 2), (51, 102, 153, 102)))
    mask = load_image_mask(name, channel, folders=folders)
    assert mask.shape == (1, 2, 3)
    assert mask.flatten().tolist() == pytest.approx([value] * mask.numel())


def test_the_alpha_of_an_opaque_picture_selects_nothing(folders: Folders) -> None:
    assert load_image_mask(store(folders, Image.new("L", (3, 2))), folders=folders).tolist() == [[[0] * 3] * 2]


BAD_FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "There is no picture 'bad.png'"),
    "empty": (b"", "is empty"),
    "text": (b"not a picture at all", "is not a picture that can be read"),
    "truncated": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0", "damaged|is not a picture"),
}


@pytest.mark.parametrize(("data", "message"), BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("load", [load_image, load_image_mask])
def test_a_bad_file_is_the_fault_of_the_input(folders: Folders, load: Any, data: bytes | None, message: str) -> None:
    if data is not None:
        (folders.input / "bad.png").write_bytes(data)
    with pytest.raises(PictureError, match=message) as caught:
        load("bad.png", folders=folders)
    assert caught.value.__notes__ == [f"{INPUT_NOTE}image"]


def test_the_key_of_a_reader_is_its_file(folders: Folders) -> None:
    readers = {each.type_name: each.options.fingerprint for each in builtin_nodes(folders)}
    name = store(folders, Image.new("RGB", (2, 2), RED))
    digest = readers["LoadImage"]
    assert digest is not None
    first = digest(image=name)
    store(folders, Image.new("RGB", (2, 2), GREEN))
    assert digest(image=name) != first
    store(folders, Image.new("RGB", (2, 2), RED), "same.png")
    assert digest(image="same.png") == first
    assert readers["LoadImageMask"](image="same.png", channel="red") == first  # type: ignore[misc]
    with pytest.raises(MissingPictureError):
        picture_digest(folders, "none.png")


def test_readers_without_folders_run_each_time() -> None:
    cached = {each.type_name: each.options.cache for each in builtin_nodes()}
    models = ["CheckpointLoaderSimple", "CLIPLoader", "DualCLIPLoader", "LoadLatent", "UNETLoader", "VAELoader"]
    assert sorted(name for name, is_cached in cached.items() if not is_cached) == sorted(
        ["LoadImage", "LoadImageMask", "PlayFile", "Publish", *models]
    )


def test_the_picture_of_a_widget_may_be_missing(folders: Folders) -> None:
    name = store(folders, Image.new("RGB", (2, 2)))
    assert find_picture(folders, name) == folders.input / name
    for other in ("none.png", "", "../x.png [input]"):
        assert find_picture(folders, other) is None


# SaveImage


DOCUMENT = {
    "nodebook": 1,
    "nodes": {
        "1": {"type": "KSampler", "values": {"seed": 7}},
        "2": {"type": "Note", "title": "Mood", "values": {"text": "a/b"}},
    },
}


def save(folders: Folders, images: torch.Tensor, prefix: str = "ComfyUI") -> list[str]:
    shown = save_image(images, prefix, folders=folders, document=RunDocument(lambda: json.dumps(DOCUMENT)))
    return [Path(each.filename).relative_to(folders.output).as_posix() for each in shown.payload["images"]]


def test_a_batch_is_saved_one_file_each(folders: Folders) -> None:
    batch = torch.rand(2, 6, 8, 3)
    assert save(folders, batch) == ["ComfyUI_00001_.png", "ComfyUI_00002_.png"]
    assert save(folders, batch[:1]) == ["ComfyUI_00003_.png"]
    with Image.open(folders.output / "ComfyUI_00002_.png") as picture:
        assert (picture.size, picture.mode) == ((8, 6), "RGB")


def test_the_shown_picture_is_the_saved_one(folders: Folders) -> None:
    shown = save_image(torch.rand(1, 6, 8, 4), folders=folders).payload["images"][0]
    with Image.open(shown.filename) as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(shown))


def test_saving_what_was_loaded_changes_no_pixel(folders: Folders) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image, _mask = load_image(store(folders, Image.fromarray(pixels)), folders=folders)
    shown = save_image(image, folders=folders).payload["images"][0]
    assert np.array_equal(np.asarray(shown), pixels)


def test_eight_bits_are_cut_not_rounded(folders: Folders) -> None:
    image = torch.tensor([-0.5, 0.0, 0.999 / 255, 254.9 / 255, 1.0, 7.0]).reshape(1, 1, 6, 1)
    shown = save_image(image, folders=folders).payload["images"][0]
    assert np.asarray(shown)[0, :, 0].tolist() == [0, 0, 0, 254, 255, 255]


def test_the_file_carries_its_graph(folders: Folders) -> None:
    (name,) = save(folders, torch.rand(1, 2, 2, 3))
    assert json.loads(read_graph(folders.output / name)) == DOCUMENT
    plain = save_image(torch.rand(1, 2, 2, 3), folders=folders).payload["images"][0]
    assert read_texts(Path(plain.filename)) == {}


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("%width%x%height%", "8x6_00001_.png"),
        ("seed%KSampler.seed%", "seed7_00001_.png"),
        ("%Mood.text%/img", "a_b/img_00001_.png"),
        ("%KSampler.steps%", "%KSampler.steps%_00001_.png"),
        (f"{datetime.now().astimezone():%Y}/img", f"{datetime.now().astimezone():%Y}/img_00001_.png"),
    ],
)
def test_prefixes(folders: Folders, prefix: str, name: str) -> None:
    assert save(folders, torch.rand(1, 6, 8, 3), prefix) == [name]


def test_a_prefix_that_leaves_the_folder_is_the_fault_of_the_input(folders: Folders) -> None:
    with pytest.raises(FileNameError, match="leaves the output folder") as caught:
        save(folders, torch.rand(1, 2, 2, 3), "../img")
    assert caught.value.__notes__ == [f"{INPUT_NOTE}filename_prefix"]


def test_the_output_folder_is_made(folders: Folders) -> None:
    folders.output.rmdir()
    assert save(folders, torch.rand(1, 2, 2, 3), "a/b") == ["a/b_00001_.png"]


# Previews


def test_previews_write_nothing(folders: Folders) -> None:
    shown = preview_image(torch.rand(2, 6, 8, 3)).payload["images"]
    assert [picture.size for picture in shown] == [(8, 6)] * 2
    (grey,) = preview_mask(torch.full((6, 8), 0.5)).payload["images"]
    assert grey.getpixel((0, 0)) == (127, 127, 127)
    assert not list(folders.output.iterdir())
    assert not list(folders.temp.iterdir())
