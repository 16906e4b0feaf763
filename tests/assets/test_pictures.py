from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from nodebook.assets import pictures as module
from nodebook.assets.errors import NoGraphError, PictureError, PictureTooLargeError, UnreadablePictureError
from nodebook.assets.pictures import GRAPH_CHUNK, encode_png, read_frames, read_graph, read_texts
from nodebook.errors import NodebookError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_plain_picture_is_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.new("RGB", (3, 2), RED).save(path)
    (frame,) = read_frames(path)
    assert (frame.size, frame.mode, frame.getpixel((0, 0))) == ((3, 2), "RGB", RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "x.jpg"
    upright = Image.new("RGB", (32, 16), BLUE)
    upright.paste(RED, (0, 0, 8, 8))  # the upper left corner is red
    if orientation > 1:
        stored = upright.transpose(Image.Transpose({2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]))
    else:
        stored = upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(path, exif=exif, quality=95, subsampling=0)
    (frame,) = read_frames(path)
    assert frame.size == (32, 16)
    pixels = np.asarray(frame).astype(int)
    assert pixels[3, 3, 0] > 200  # red
    assert pixels[12, 28, 2] > 200  # blue


def test_all_frames_of_the_first_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    frames = [Image.new("RGB", (4, 4), (number * 60, 0, 0)) for number in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    assert [frame.size for frame in read_frames(path)] == [(4, 4)] * 4
    path = tmp_path / "pages.tiff"
    pages = [Image.new("RGB", (4, 4)), Image.new("RGB", (5, 4)), Image.new("RGB", (4, 4))]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert [frame.size for frame in read_frames(path)] == [(4, 4)] * 2


def test_frames_do_not_share_pixels(tmp_path: Path) -> None:
    path = tmp_path / "x.webp"
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, BLUE)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert [frame.convert("RGB").getpixel((0, 0)) for frame in read_frames(path)] == [RED, BLUE]


def test_a_stereo_photograph_gives_its_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.mpo"
    Image.new("RGB", (8, 8), RED).save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8), BLUE)])
    assert len(read_frames(path)) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "LAB"])
def test_every_mode_that_a_tiff_can_hold_is_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "x.tiff"
    Image.new(mode, (3, 2)).save(path)
    (frame,) = read_frames(path)
    assert frame.size == (3, 2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, this is text", "is not a picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "is not a picture that can be read"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut short|is not a picture"),
        (b"GIF89a", "damaged or cut short|is not a picture"),
    ],
)
def test_what_is_no_picture_says_so(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(UnreadablePictureError, match=message):
        read_frames(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_picture_says_so(tmp_path: Path, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    path = tmp_path / "x"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadablePictureError, match=r"copy or download it again|is not a picture") as caught:
        read_frames(path)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, OSError)


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 2**31 - 1), (14_000, 14_000)])
def test_a_decompression_bomb_is_refused_before_it_grows(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_size(*size))
    with pytest.raises(PictureError, match=r"pixels|damaged"):
        read_frames(path)


def test_the_limit_counts_all_frames(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    frames = [Image.new("RGB", (10, 10), (number * 20, 0, 0)) for number in range(10)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert len(read_frames(path, max_pixels=1000)) == 10
    with pytest.raises(PictureTooLargeError, match=r"10 frames of 10 x 10 pixels"):
        read_frames(path, max_pixels=999)


def test_a_bomb_of_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    info = PngInfo()
    info.add_text("bomb", "x" * 80_000_000, zip=True)
    path.write_bytes(encoded(Image.new("RGB", (1, 1)), "PNG", pnginfo=info))
    with pytest.raises(UnreadablePictureError, match="damaged"):
        read_texts(path)


def test_folders_and_missing_files_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePictureError, match="cannot be opened"):
        read_frames(tmp_path)
    with pytest.raises(UnreadablePictureError, match="cannot be opened: No such file"):
        read_frames(tmp_path / "x.png")


SAMPLES = [
    encoded(Image.effect_noise((16, 16), 90).convert(mode), kind)
    for kind, mode in [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("GIF", "P"), ("WEBP", "RGBA"),
                       ("BMP", "RGB"), ("TIFF", "RGB"), ("TGA", "RGB"), ("PPM", "RGB"), ("ICO", "RGBA"), ("PCX", "P")]
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_gives_a_picture_or_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 6))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    del sample[data.draw(st.integers(1, len(sample))) :]
    path = tmp_path / "x"
    path.write_bytes(sample)
    try:
        frames = read_frames(path, max_pixels=1_000_000)
    except NodebookError as error:
        assert len(str(error)) > 20  # noqa: PT017 -- both outcomes are right
    else:
        assert frames


DOCUMENT = json.dumps({"nodebook": 1, "name": "Porträt 图", "nodes": {}}, ensure_ascii=False)


def test_a_saved_picture_carries_its_graph(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encode_png(Image.new("RGB", (2, 2), RED), {GRAPH_CHUNK: DOCUMENT, "prompt": "{}"}))
    assert read_graph(path) == DOCUMENT
    assert read_texts(path) == {GRAPH_CHUNK: DOCUMENT, "prompt": "{}"}
    assert read_frames(path)[0].getpixel((1, 1)) == RED


def test_a_large_graph_survives(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    document = json.dumps({"nodebook": 1, "values": ["x" * 100] * 50_000})
    path.write_bytes(encode_png(Image.new("RGB", (1, 1)), {GRAPH_CHUNK: document}))
    assert read_graph(path) == document


def test_a_graph_behind_the_pixels_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    plain = encode_png(Image.new("RGB", (2, 2)))
    path.write_bytes(plain[:-12] + chunk(b"tEXt", b"nodebook\0{}") + plain[-12:])
    assert read_graph(path) == "{}"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "carries no nodebook graph. Pictures keep"),
        ({"workflow": "{}"}, "carries a ComfyUI workflow"),
        ({GRAPH_CHUNK: "{oh"}, "is not JSON"),
    ],
)
def test_a_picture_without_a_graph_says_what_it_has(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encode_png(Image.new("RGB", (1, 1)), texts))
    with pytest.raises(NoGraphError, match=message):
        read_graph(path)


def test_a_jpeg_has_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (1, 1)).save(path)
    with pytest.raises(NoGraphError):
        read_graph(path)


def test_importing_the_module_loads_no_pillow() -> None:
    assert "PIL" not in vars(module)
