"""Nodes that change the size of pictures."""

from math import sqrt
from typing import Annotated, Literal

from pydantic import Field

from nodebook.engine.annotations import Number
from nodebook.engine.node import node
from nodebook.nodes.convert import to_image
from nodebook.nodes.ports import Image
from nodebook.nodes.sizes import Crop, Method, SideOrAuto, resize

_MEGAPIXEL = 1024 * 1024


@node(name="ImageScale", title="Upscale Image", category="image/upscaling")
def image_scale(
    image: Image,
    upscale_method: Method = "nearest-exact",
    width: SideOrAuto = 512,
    height: SideOrAuto = 512,
    crop: Crop = "disabled",
) -> Image:
    """Resize pictures to a size in pixels.

    upscale_method: lanczos is sharpest for photographs, area best for making smaller.
    crop: center cuts the picture to the new aspect ratio first, disabled stretches it.
    """
    image = to_image(image)
    if width == 0 and height == 0:
        return image
    source_height, source_width = image.shape[1:3]
    if width == 0:
        width = max(1, round(source_width * height / source_height))
    elif height == 0:
        height = max(1, round(source_height * width / source_width))
    return resize(image, width, height, upscale_method, crop)


@node(name="ImageScaleBy", title="Upscale Image By", category="image/upscaling")
def image_scale_by(
    image: Image,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Field(ge=0.01, le=8.0), Number(step=0.01)] = 1.0,
) -> Image:
    """Resize pictures by a factor."""
    image = to_image(image)
    height, width = (max(1, round(side * scale_by)) for side in image.shape[1:3])
    return resize(image, width, height, upscale_method)


@node(name="ImageScaleToTotalPixels", category="image/upscaling")
def image_scale_to_total_pixels(
    image: Image,
    upscale_method: Method = "nearest-exact",
    megapixels: Annotated[float, Field(ge=0.01, le=16.0), Number(step=0.01)] = 1.0,
    resolution_steps: Annotated[int, Field(ge=1, le=256)] = 1,
) -> Image:
    """Resize pictures to a number of pixels, keeping the aspect ratio.

    megapixels: of 1024 x 1024 pixels each.
    resolution_steps: width and height become multiples of this.
    """
    image = to_image(image)
    height, width = image.shape[1:3]
    factor = sqrt(megapixels * _MEGAPIXEL / (width * height))
    new_width, new_height = (
        max(1, round(side * factor / resolution_steps)) * resolution_steps for side in (width, height)
    )
    return resize(image, new_width, new_height, upscale_method)


@node(name="ImageScaleToMaxDimension", category="image/upscaling")
def image_scale_to_max_dimension(
    image: Image,
    upscale_method: Literal["area", "lanczos", "bilinear", "nearest-exact", "bicubic"] = "area",
    largest_size: SideOrAuto = 512,
) -> Image:
    """Resize pictures so that the longer side has a given length, keeping the aspect ratio. 0 keeps the size."""
    image = to_image(image)
    height, width = image.shape[1:3]
    if largest_size == 0:
        return image
    factor = largest_size / max(width, height)
    new_width, new_height = (max(1, round(side * factor)) for side in (width, height))
    return resize(image, new_width, new_height, upscale_method)
