"""The list of all built-in nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from nodebook.assets.folders import Folders
from nodebook.engine.node import NodeFunction
from nodebook.models.folders import ModelFolders
from nodebook.nodes import (
    batch,
    compare,
    composite,
    curves,
    filters,
    flow,
    inputs,
    load,
    mask_shapes,
    masks,
    notes,
    publish,
    save,
    scale,
    shape,
    sound,
    values,
)
from nodebook.nodes.diffusion.catalogue import FILE_DIGESTS, MODEL_CHANGES, MODEL_DIGESTS
from nodebook.nodes.diffusion.catalogue import NODES as DIFFUSION

READERS: tuple[NodeFunction[..., Any], ...] = (load.load_image, load.load_image_mask)
"""Nodes that read the file named by their input ``image``."""

OTHERS: tuple[NodeFunction[..., Any], ...] = (
    save.save_image,
    save.preview_image,
    compare.image_compare,
    batch.empty_image,
    batch.image_batch,
    batch.repeat_image_batch,
    batch.image_from_batch,
    batch.get_image_size,
    scale.image_scale,
    scale.image_scale_by,
    scale.image_scale_to_total_pixels,
    scale.image_scale_to_max_dimension,
    shape.image_crop,
    shape.image_flip,
    shape.image_rotate,
    shape.image_pad_for_outpaint,
    filters.image_invert,
    filters.image_blur,
    filters.image_sharpen,
    filters.image_blend,
    curves.image_curves,
    composite.image_composite_masked,
    composite.split_image_with_alpha,
    composite.join_image_with_alpha,
    masks.mask_to_image,
    masks.image_to_mask,
    masks.image_color_to_mask,
    masks.solid_mask,
    masks.invert_mask,
    masks.threshold_mask,
    masks.crop_mask,
    mask_shapes.mask_composite,
    mask_shapes.feather_mask,
    mask_shapes.grow_mask,
    save.preview_mask,
    inputs.input_string,
    inputs.input_int,
    inputs.input_float,
    inputs.input_boolean,
    values.primitive_int,
    values.primitive_float,
    values.primitive_string,
    values.primitive_string_multiline,
    values.primitive_boolean,
    values.preview_any,
    values.string_concatenate,
    sound.preview_audio,
    flow.switch_node,
    flow.gate,
    flow.repeat,
    flow.map_items,
    flow.fold,
    flow.count_range,
    flow.list_to_items,
    flow.items_to_list,
    flow.reroute,
    flow.variable,
    publish.publish,
    flow.rebatch_images,
    notes.note,
    notes.markdown_note,
)


def collect(folders: Folders | None, model_folders: ModelFolders | None = None) -> list[NodeFunction[..., Any]]:
    """Return all nodes, the readers keyed by the content of their file."""
    pictures = [_keyed_by_file(each, load.picture_digest, folders) for each in READERS]
    films = _keyed_by_file(sound.play_file, sound.media_digest, folders)
    return [*pictures, films, *OTHERS, *(_diffusion(each, folders, model_folders) for each in DIFFUSION)]


def _diffusion(
    each: NodeFunction[..., Any], folders: Folders | None, model_folders: ModelFolders | None
) -> NodeFunction[..., Any]:
    name = each.type_name
    if name in MODEL_DIGESTS:
        return _keyed_by_file(each, MODEL_DIGESTS[name], model_folders)
    if name in MODEL_CHANGES and model_folders is not None:
        return NodeFunction(each.function, replace(each.options, changed=partial(MODEL_CHANGES[name], model_folders)))
    return _keyed_by_file(each, FILE_DIGESTS[name], folders) if name in FILE_DIGESTS else each


def _keyed_by_file(
    reader: NodeFunction[..., Any], digest: Callable[..., str], folders: Folders | ModelFolders | None
) -> NodeFunction[..., Any]:
    if folders is None:
        return NodeFunction(reader.function, replace(reader.options, cache=False))
    return NodeFunction(reader.function, replace(reader.options, fingerprint=partial(digest, folders)))
