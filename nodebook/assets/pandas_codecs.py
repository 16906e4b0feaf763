"""Codecs of pandas: Arrow's stream format. What does not come back equal, by values and by types, is not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import NotStorableError, UnavailableError

if TYPE_CHECKING:
    import pandas as pd


def register(registry: CodecRegistry) -> None:
    """Teach data frames and series."""
    import pandas as pd

    registry.register(Codec("pandas.frame", (pd.DataFrame,), _encode, _decode))
    registry.register(Codec("pandas.series", (pd.Series,), _encode_series, _decode_series))


def _encode(value: pd.DataFrame, packer: Packer) -> dict[str, Any]:
    data = _to_arrow(value)
    if not _is_same(value, _from_arrow(data)):
        raise NotStorableError("a data frame does not come back equal from Arrow's format")
    return {"leaf": packer.leaf(data)}


def _decode(body: dict[str, Any], unpacker: Unpacker) -> pd.DataFrame:
    return _from_arrow(unpacker.leaf(body["leaf"]))


def _encode_series(value: pd.Series[Any], packer: Packer) -> dict[str, Any]:
    return {"name": packer.pack(value.name), "frame": packer.pack(value.to_frame("values"))}


def _decode_series(body: dict[str, Any], unpacker: Unpacker) -> pd.Series[Any]:
    series = unpacker.unpack(body["frame"])["values"]
    series.name = unpacker.unpack(body["name"])
    return series


def _to_arrow(value: pd.DataFrame) -> bytes:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise NotStorableError("a data frame needs pyarrow to be stored") from error
    for name, kind in value.dtypes.items():
        if str(kind) == "object" and not all(each is None or type(each) is str for each in value[name]):
            raise NotStorableError(f"column {name!r} of a data frame holds Python objects")
    try:
        table = pa.Table.from_pandas(value, preserve_index=None)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise NotStorableError(f"a data frame has no Arrow form: {error}") from error
    return bytes(sink.getvalue().to_pybytes())


def _from_arrow(data: bytes | bytearray) -> pd.DataFrame:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UnavailableError("A stored data frame needs pyarrow, which is not installed here.") from error
    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            return reader.read_all().to_pandas()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _is_same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    import pandas as pd

    try:
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_flags=True, check_freq=True)
    except AssertionError:
        return False
    return bool(one.attrs == other.attrs)
