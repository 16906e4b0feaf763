"""Codecs of NumPy: each array is a ``.npy`` file without pickle, read in place."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

from nodebook.assets.codecs import Codec, CodecRegistry, Packer, Unpacker
from nodebook.assets.errors import DamagedError, NotStorableError

if TYPE_CHECKING:
    from numpy import dtype, generic, ndarray

    Array = ndarray[Any, dtype[Any]]

_MAX_HEADER_BYTES = 10_000


def register(registry: CodecRegistry) -> None:
    """Teach arrays and NumPy's own numbers."""
    import numpy as np

    scalars = {np.dtype(code).type for code in (*np.typecodes["All"].replace("O", ""),)}
    registry.register(Codec("numpy.array", (np.ndarray,), _encode, _decode))
    registry.register(Codec("numpy.scalar", tuple(scalars - {np.object_}), _encode_scalar, _decode_scalar))


def _encode(value: Array, packer: Packer) -> dict[str, Any]:
    import numpy as np
    from numpy.lib import format as npy

    if value.dtype.hasobject:
        raise NotStorableError("a NumPy array holds Python objects")
    if value.dtype.metadata:
        raise NotStorableError("a NumPy dtype carries metadata")
    if not (value.flags.c_contiguous or value.flags.f_contiguous):
        value = np.ascontiguousarray(value)
    header = BytesIO()
    fields = npy.header_data_from_array_1_0(value)
    try:
        npy.write_array_header_2_0(header, fields)
    except (ValueError, UnicodeError) as error:
        raise NotStorableError(f"a NumPy dtype has no .npy header: {error}") from error
    flat = value.T.reshape(-1) if fields["fortran_order"] else value.reshape(-1)
    data = flat.view(np.uint8).data if flat.nbytes else b""
    return {"leaf": packer.leaf(header.getvalue(), data, of=value)}


def _decode(body: dict[str, Any], unpacker: Unpacker) -> Array:
    import numpy as np
    from numpy.lib import format as npy

    data = unpacker.leaf(body["leaf"])
    head = BytesIO(memoryview(data)[: _MAX_HEADER_BYTES + 12])
    if npy.read_magic(head) != (2, 0):
        raise DamagedError("A stored array is not in .npy format 2.0.")
    shape, is_fortran, kind = npy.read_array_header_2_0(head, max_header_size=_MAX_HEADER_BYTES)
    if kind.hasobject:
        raise DamagedError("A stored array claims to hold Python objects: nothing here writes those.")
    count, start = math.prod(shape), head.tell()
    if any(side < 0 for side in shape) or len(data) - start != count * kind.itemsize:
        raise DamagedError(f"A stored array of {shape} {kind} has {len(data) - start} bytes.")
    if not count or not kind.itemsize:
        return np.zeros(shape, kind, order="F" if is_fortran else "C")
    flat = np.frombuffer(data, kind, count, start)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _encode_scalar(value: generic, packer: Packer) -> dict[str, Any]:
    import numpy as np

    return _encode(np.asarray(value), packer)


def _decode_scalar(body: dict[str, Any], unpacker: Unpacker) -> Any:
    return _decode(body, unpacker)[()]
