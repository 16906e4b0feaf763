from __future__ import annotations

import datetime as dt
import json
import math
import pickle
import struct
from collections import OrderedDict, namedtuple
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, PngImagePlugin

from nodebook.assets.codecs import CodecRegistry
from nodebook.assets.errors import DamagedError, NotStorableError, UnavailableError
from nodebook.assets.plain_codecs import default_codecs

CODECS = default_codecs()


def round_trip(value: Any, codecs: CodecRegistry = CODECS) -> Any:
    encoded = codecs.encode(value)
    return codecs.decode(encoded.tree, [bytearray(b"".join(leaf)) for leaf in encoded.leaves])


def same(one: Any, other: Any) -> bool:
    """Compare with types, with NaN equal to itself and -0.0 unlike 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return bool(one == other) and getattr(one, "fold", 0) == getattr(other, "fold", 0)


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(1 << 3000), max_value=1 << 3000)
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
)
hashable = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
values = st.recursive(
    atoms | st.sets(hashable) | st.frozensets(hashable),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.just("$"), inner)
        | st.dictionaries(hashable | st.tuples(hashable, hashable), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert same(round_trip(value), value)


@given(st.lists(values, min_size=2, max_size=2, unique_by=repr))
def test_different_values_have_different_bytes(pair: list[Any]) -> None:
    one, other = map(CODECS.encode, pair)
    assert (one.tree, one.leaves) != (other.tree, other.leaves) or same(*pair)


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.0,
        True,
        "1",
        -0.0,
        math.inf,
        math.nan,
        "\ud800 and \0",
        {"$": "tuple", "v": []},
        {1: 2, "1": 3, None: 4, (1, b"x"): 5},
        range(3, 30, 4),
        bytearray(b"abc"),
        Path("a/b"),
        ...,
        Fraction(1, 3),
        Decimal("1.10"),
        dt.datetime(2026, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    ],
    ids=repr,
)
def test_special_values(value: Any) -> None:
    found = round_trip([value])
    assert same(found[0], value)


@given(hnp.arrays(hnp.scalar_dtypes() | hnp.array_dtypes(allow_subarrays=False), hnp.array_shapes(min_side=0)))
def test_arrays_come_back_with_type_shape_and_order(array: np.ndarray[Any, Any]) -> None:
    for each in (array, array.T, array[::2]):
        try:
            found = round_trip(each)
        except NotStorableError as error:
            assume("latin-1" not in str(error))  # .npy has such names only in a newer format
            raise
        assert found.dtype == each.dtype
        assert found.shape == each.shape
        assert found.tobytes() == each.tobytes()
        assert found.flags.f_contiguous or not each.flags.f_contiguous


@given(hnp.scalar_dtypes().flatmap(lambda kind: hnp.arrays(kind, ())))
def test_numbers_of_numpy_stay_numbers_of_numpy(array: np.ndarray[Any, Any]) -> None:
    value = array[()]
    found = round_trip(value)
    assert type(found) is type(value)
    assert np.asarray(found).tobytes() == np.asarray(value).tobytes()


def test_an_array_is_not_copied_on_its_way_to_disk_and_stored_once() -> None:
    array = np.arange(1000)
    encoded = CODECS.encode([array, {"again": array}])
    assert len(encoded.leaves) == 1
    assert np.shares_memory(np.frombuffer(encoded.leaves[0][1], array.dtype), array)


PICTURES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "LA", "PA", "I;16", "RGBa", "RGBX"]


@pytest.mark.parametrize("mode", PICTURES)
@pytest.mark.parametrize("size", [(5, 3), (0, 0)])
def test_pictures_come_back_in_their_mode(mode: str, size: tuple[int, int]) -> None:
    picture = Image.new(mode, size)
    if mode in ("P", "PA"):
        picture.putpalette(bytes(range(256)) * 3)
    if 0 not in size:
        noise = np.random.default_rng(1).integers(0, 256, len(picture.tobytes()), dtype=np.uint8).tobytes()
        picture.frombytes(noise if mode != "F" else bytes(len(noise)))
    found = round_trip(picture)
    assert (found.mode, found.size, found.tobytes()) == (picture.mode, picture.size, picture.tobytes())
    assert found.getpalette() == picture.getpalette()


def test_an_opened_picture_keeps_its_texts_name_and_format(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("nodebook", "{}", "en")
    path = tmp_path / "a.png"
    Image.new("RGB", (2, 2), "red").save(path, pnginfo=texts, dpi=(72, 72))
    with Image.open(path) as opened:
        found = round_trip(opened)
    assert found.getpixel((0, 0)) == (255, 0, 0)
    assert found.info["nodebook"] == "{}"
    assert found.info["dpi"] == pytest.approx((72, 72), abs=0.1)
    assert (found.format, found.filename) == ("PNG", str(path))


FRAMES = {
    "numbers": pd.DataFrame({"a": [1, 2], "b": [0.5, math.nan]}),
    "texts": pd.DataFrame({"a": ["x", None]}),
    "objects": pd.DataFrame({"a": np.array(["x", None], dtype=object)}, dtype=object),
    "index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "times": pd.DataFrame({"t": pd.date_range("2026", periods=2, tz="Europe/Paris")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["a", "b"], ["b", "a", "z"], ordered=True)}),
    "empty": pd.DataFrame(),
    "levels": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "x"), (2, "y")])),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frames_come_back_equal_or_are_refused(frame: pd.DataFrame) -> None:
    try:
        found = round_trip(frame)
    except NotStorableError:
        assert frame is FRAMES["empty"] or frame is FRAMES["objects"]
        return
    pd.testing.assert_frame_equal(found, frame)


def test_series_of_pandas_and_frames_of_polars() -> None:
    series = pd.Series([1, 2], name="s")
    pd.testing.assert_series_equal(round_trip(series), series)
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [[1], [2, 3]]})
    assert round_trip(frame).equals(frame)
    assert round_trip(frame)["c"].dtype == frame["c"].dtype
    assert round_trip(frame["b"]).equals(frame["b"])


class Model:
    def __reduce__(self) -> Any:
        return pytest.fail, ("it was pickled",)


class Text(str):
    __slots__ = ()


def holds_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def type_of_no_module() -> Any:
    return namedtuple("Gone", "a b")  # noqa: PYI024 -- that is the point


REFUSED: dict[str, Any] = {
    "a model": Model(),
    "a model deep inside": {"a": [(1, Model())]},
    "a named tuple that no module has": type_of_no_module()(1, 2),
    "a subclass of str": Text("a"),
    "an ordered dict": OrderedDict(a=1),
    "an array of objects": np.array([Model()]),
    "a structured array with objects": np.zeros(2, [("a", "O")]),
    "a masked array": np.ma.masked_array([1, 2], [True, False]),
    "a matrix of a subclass": np.zeros((2, 2)).view(type("Mine", (np.ndarray,), {})),
    "a function": math.sqrt,
    "a class": int,
    "a frame of objects": pd.DataFrame({"a": [Model()]}),
    "a frame of mixed objects": pd.DataFrame({"a": [1, "x"]}),
    "what holds itself": holds_itself(),
    "what is too deep": json.loads("[" * 80 + "]" * 80),
    "a time zone with rules": pd.Timestamp("2026", tz="Europe/Paris").to_pydatetime(),
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_what_has_no_codec_is_refused_with_a_reason(value: Any) -> None:
    with pytest.raises(NotStorableError, match=r"\w+ \w+"):
        CODECS.encode([value])


def npy(header: str, data: bytes = b"", version: bytes = b"\x02\x00") -> bytearray:
    text = header.encode().ljust(64) + b"\n"
    return bytearray(b"\x93NUMPY" + version + struct.pack("<I", len(text)) + text + data)


def pickled_npy() -> bytearray:
    file = BytesIO()
    np.save(file, np.array([Model]), allow_pickle=True)
    return bytearray(file.getvalue())


ARRAY = b'{"$":"numpy.array","leaf":0}'
HOSTILE: dict[str, tuple[bytes, list[bytearray]]] = {
    "no JSON": (b"\x80\x04", []),
    "half of JSON": (b'[1, {"a"', []),
    "a pickle": (pickle.dumps([1]), []),
    "deep JSON": (b"[" * 100_000, []),
    "deep whole JSON": (b"[" * 80 + b"]" * 80, []),
    "an unknown codec": (b'{"$":"os.system","v":"true"}', []),
    "a codec that is no name": (b'{"$":["tuple"],"v":[]}', []),
    "a body without its member": (b'{"$":"tuple"}', []),
    "a tuple of a text": (b'{"$":"tuple","v":"abc"}', []),
    "a set of lists": (b'{"$":"set","v":[[1]]}', []),
    "a leaf that is not there": (b'{"$":"bytes","leaf":7}', []),
    "a leaf from the end": (b'{"$":"bytes","leaf":-1}', [bytearray(b"x")]),
    "a leaf that is true": (b'{"$":"bytes","leaf":true}', [bytearray(b"x"), bytearray(b"y")]),
    "an int that is none": (b'{"$":"int","v":"__import__"}', []),
    "a pickle in .npy": (ARRAY, [pickled_npy()]),
    "objects in .npy": (ARRAY, [npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", bytes(8))]),
    "no objects in .npy": (ARRAY, [npy("{'descr': '|O', 'fortran_order': False, 'shape': (0,)}")]),
    "code in .npy": (ARRAY, [npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}", bytes(8))]),
    "a huge shape": (ARRAY, [npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", bytes(8))]),
    "a negative shape": (ARRAY, [npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,-1)}", bytes(8))]),
    "a huge header": (ARRAY, [bytearray(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(50_000))]),
    "an array cut short": (ARRAY, [npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytes(8))]),
    "no array": (ARRAY, [bytearray(b"hello")]),
    "a picture of the wrong size": (
        b'{"$":"PIL.image","mode":"L","size":[9,9],"leaf":0,"palette":null,"info":{},"format":null,"filename":null}',
        [bytearray(5)],
    ),
    "a huge picture": (
        b'{"$":"PIL.image","mode":"L","size":[99999999,99999999],"leaf":0,"palette":null,"info":{}}',
        [bytearray(5)],
    ),
    "no frame": (b'{"$":"pandas.frame","leaf":0}', [bytearray(b"hello")]),
    "no frame of polars": (b'{"$":"polars.frame","leaf":0}', [bytearray(b"hello")]),
}


@pytest.mark.parametrize(("tree", "leaves"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused(tree: bytes, leaves: list[bytearray]) -> None:
    with pytest.raises(DamagedError):
        CODECS.decode(tree, leaves)


def test_a_library_that_is_absent_is_no_damage() -> None:
    codecs = CodecRegistry()
    codecs.register_package("absent", "nodebook.no_such_module")
    with pytest.raises(UnavailableError, match="absent, which is not installed"):
        codecs.decode(b'{"$":"absent.value","v":1}', [])


@given(st.binary(max_size=200), st.lists(st.binary(max_size=50).map(bytearray), max_size=2))
def test_any_bytes_are_a_value_or_damage(tree: bytes, leaves: list[bytearray]) -> None:
    with suppress(DamagedError):
        CODECS.decode(tree, leaves)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["v", "leaf", "$", "mode"]), inner),
    max_leaves=10,
)
names = st.sampled_from(["int", "tuple", "dict", "datetime", "numpy.array", "PIL.image", "range", "path", "complex"])


@given(names, st.dictionaries(st.sampled_from(["v", "leaf", "mode", "size", "info", "palette"]), json_like))
def test_any_body_of_a_codec_is_a_value_or_damage(name: str, body: dict[str, Any]) -> None:
    with suppress(DamagedError):
        CODECS.decode(json.dumps({**body, "$": name}).encode(), [bytearray(b"abc")])
