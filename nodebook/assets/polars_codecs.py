"""Codecs of polars: its own Arrow file format, which holds every type but Python objects."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import NotStorableError

if TYPE_CHECKING:
    import polars as pl


def register(registry: CodecRegistry) -> None:
    """Teach data frames and series."""
    import polars as pl

    registry.register(Codec("polars.frame", (pl.DataFrame,), _encode, _decode))
    registry.register(Codec("polars.series", (pl.Series,), _encode_series, _decode_series))


def _encode(value: pl.DataFrame, packer: Packer) -> dict[str, Any]:
    import polars as pl

    if any(kind == pl.Object for kind in value.dtypes):
        raise NotStorableError("a data frame holds Python objects")
    file = BytesIO()
    value.write_ipc(file)
    return {"leaf": packer.leaf(file.getvalue())}


def _decode(body: dict[str, Any], unpacker: Unpacker) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_ipc(bytes(unpacker.leaf(body["leaf"])))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(str(error)) from error


def _encode_series(value: pl.Series, packer: Packer) -> dict[str, Any]:
    return {"frame": packer.pack(value.to_frame())}


def _decode_series(body: dict[str, Any], unpacker: Unpacker) -> pl.Series:
    return unpacker.unpack(body["frame"]).to_series()  # type: ignore[no-any-return]  # the frame of one column
