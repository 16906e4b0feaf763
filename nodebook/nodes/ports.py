"""The port types of pictures: aliases for annotations, and what the engine must know of their Python classes."""

from __future__ import annotations

import zlib
from copy import deepcopy
from typing import Annotated, Any

import numpy as np
import torch
from PIL import Image as PILImage

from nodebook.assets.errors import PictureError
from nodebook.engine.annotations import Port
from nodebook.engine.ports import PortRegistry
from nodebook.engine.valueops import ValueOps, ValueRegistry
from nodebook.nodes.contents import is_frozen
from nodebook.nodes.convert import (
    adopt_image,
    adopt_mask,
    image_to_pil,
    image_to_pils,
    pil_to_image,
    pils_to_image,
    to_array,
    to_image,
    to_mask,
)

Image = Annotated[torch.Tensor, Port("IMAGE")]
"""One or more pictures of one size: ``[B, H, W, C]`` float32 in 0..1, C = 3, or 4 with alpha."""

Mask = Annotated[torch.Tensor, Port("MASK")]
"""Where something applies: ``[B, H, W]`` float32, 1 = selected (of a picture's alpha: transparent)."""

_SAMPLES = 1024


def register_ports(ports: PortRegistry) -> None:
    """Teach the engine the picture classes, and which picture types convert on a link.

    A mask is not a picture: those two convert by nodes (MaskToImage, ImageToMask), never silently.
    """
    ports.register_class("PIL.Image.Image", port="IMAGE", to_wire=pil_to_image, from_wire=image_to_pil)
    ports.register_class("list[PIL.Image.Image]", port="IMAGE", to_wire=pils_to_image, from_wire=image_to_pils)
    ports.register_class("numpy.ndarray", port="ARRAY", to_wire=_expect_array)
    ports.register_class("torch.Tensor", port="TENSOR", to_wire=_expect_tensor)
    ports.register_port("IMAGE", to_wire=_returned_image)
    ports.register_port("MASK", to_wire=_returned_mask)
    for picture, convert in (("IMAGE", adopt_image), ("MASK", adopt_mask)):
        ports.register_adapter(picture, "ARRAY", to_array)
        ports.register_adapter(picture, "TENSOR", _same)
        ports.register_adapter("ARRAY", picture, convert)
        ports.register_adapter("TENSOR", picture, convert)
    ports.register_adapter("ARRAY", "TENSOR", _array_to_tensor)
    ports.register_adapter("TENSOR", "ARRAY", to_array)
    ports.register_adapter("INT", "FLOAT", float)
    for model in ("MODEL", "CLIP", "VAE", "CONTROL_NET", "CLIP_VISION", "UPSCALE_MODEL"):
        ports.mark_resident(model)


def register_values(values: ValueRegistry) -> None:
    """Teach the engine how large pictures are, and how to see that one was changed in place."""
    tensors = ValueOps(nbytes=nbytes, version=_tensor_version, copy=_copy_tensor, editable=torch.clone)
    values.register(torch.Tensor, tensors)
    values.register(
        np.ndarray,
        ValueOps(
            nbytes=nbytes,
            version=_array_version,
            protect=_read_only,
            copy=_copy_array,
            editable=np.copy,
            is_fixed=is_frozen,
            plain=np.asarray,
        ),
    )
    values.register(
        PILImage.Image,
        ValueOps(
            nbytes=nbytes,
            version=_pil_version,
            copy=lambda picture: picture.copy(),
            plain=_plain_picture,
            editable=lambda picture: picture.copy(),
        ),
    )
    values.register(np.generic, ValueOps(is_fixed=lambda _number: True, plain=_plain_number))


def nbytes(value: Any) -> int:
    """Return the bytes of pixels or numbers that a tensor, array or Pillow picture holds."""
    if isinstance(value, torch.Tensor):
        # An expanded view of one number holds that one, a slice keeps the whole alive: the storage is what counts.
        return int(value.untyped_storage().nbytes()) if value.layout == torch.strided else _sparse_bytes(value)
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, PILImage.Image):
        deep = 4 if value.mode in ("I", "F") else 2 if value.mode.startswith("I;16") else 1
        stored = 4 if len(value.getbands()) > 1 else deep  # Pillow stores RGB with a fourth byte
        return value.width * value.height * stored
    raise TypeError(f"Expected a tensor, an array or a Pillow picture, got {type(value).__name__}.")


def _sparse_bytes(value: torch.Tensor) -> int:
    return int(value.element_size() * value._nnz() * (value.ndim + 1)) if value.is_sparse else value.element_size()  # noqa: SLF001 -- the only way to ask a sparse tensor for its length


def _tensor_version(value: torch.Tensor) -> Any:
    """Return torch's own counter of in-place changes, and samples that also see a write through ``value.numpy()``."""
    counter = None if value.is_inference() else value._version  # noqa: SLF001 -- documented for this use
    if value.device.type != "cpu" or value.layout != torch.strided or value.dtype in _NO_NUMPY or value.is_conj():
        return counter, value.data_ptr() if value.layout == torch.strided else 0
    return counter, _array_version(value.detach().numpy())


_NO_NUMPY = frozenset({torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.quint8, torch.qint8, torch.qint32})


def _array_version(value: np.ndarray[Any, np.dtype[Any]]) -> Any:
    if value.dtype.hasobject:
        return None
    flat = value.reshape(-1) if value.flags.c_contiguous else value.ravel()
    step = max(1, flat.size // _SAMPLES)
    return value.shape, zlib.crc32(flat[::step].tobytes()) if flat.size else 0


def _pil_version(value: PILImage.Image) -> Any:
    if 0 in value.size:
        return value.size
    side = min(32, value.width), min(32, value.height)
    return value.size, value.mode, zlib.crc32(value.resize(side, PILImage.Resampling.NEAREST).tobytes())


def _read_only(value: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    view = value.view()
    view.flags.writeable = False
    return view


def copied(value: Any) -> Any:
    """Return a copy that its holder may change, of pictures, arrays, tensors, frames and containers of them.

    Anything else is returned as it is: it may have no copy (a model), or need none.
    """
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, torch.Tensor):
        return _copy_tensor(value)
    if isinstance(value, PILImage.Image):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if type(value) is dict:
        return {name: copied(each) for name, each in value.items()}
    is_frame = type(value).__module__.partition(".")[0] in ("pandas", "polars")
    return deepcopy(value) if is_frame else value


def _copy_array(value: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    copied = np.array(value)
    copied.flags.writeable = False
    return copied


def _copy_tensor(value: torch.Tensor) -> torch.Tensor:
    return value.detach().clone().requires_grad_(value.requires_grad)


def _plain_picture(value: PILImage.Image) -> PILImage.Image:
    """Return a picture of a file as one in memory: copying it reads the file."""
    return value if type(value) is PILImage.Image else value.copy()


def _plain_number(value: np.generic) -> Any:
    """Return a number of NumPy as Python's where that says the same."""
    found = value.item()
    return found if type(found) in (bool, int, float, str) else value


def _array_to_tensor(value: np.ndarray[Any, np.dtype[Any]]) -> torch.Tensor:
    try:
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("=")))  # a copy: arrays on the wire are read-only
    except TypeError as error:
        raise PictureError(
            f"An array of dtype {value.dtype} has no tensor of that type. Convert it first, for example with "
            "array.astype('float32')."
        ) from error


def _expect_array(value: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if not isinstance(value, np.ndarray):
        raise PictureError(f"Expected a NumPy array, got {type(value).__name__}. Return numpy.asarray(value).")
    return value


def _expect_tensor(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise PictureError(f"Expected a torch tensor, got {type(value).__name__}. Return torch.as_tensor(value).")
    return value


def _returned_image(value: Any) -> torch.Tensor:
    """Return what a function gave for ``nb.Image`` as IMAGE: tensors and arrays in the usual shapes, PIL pictures."""
    if isinstance(value, PILImage.Image):
        return pil_to_image(value)
    return to_image(_tensor_or_array(value, "a picture"))


def _returned_mask(value: Any) -> torch.Tensor:
    if isinstance(value, PILImage.Image):
        return pil_to_image(value.convert("L"))[..., 0]
    return to_mask(_tensor_or_array(value, "a mask"))


def _tensor_or_array(value: Any, what: str) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return value
    raise PictureError(
        f"Expected {what} as a torch tensor, a NumPy array or a PIL picture, got {type(value).__name__}. Return one of "
        "these."
    )


def _same(value: torch.Tensor) -> torch.Tensor:
    return value
