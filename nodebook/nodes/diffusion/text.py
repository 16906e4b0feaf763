"""Nodes that encode prompts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from nodebook.engine.annotations import Hidden, Number, Text
from nodebook.engine.context import progress
from nodebook.engine.node import node
from nodebook.models.errors import UnsuitableModelError
from nodebook.models.files import content_digest
from nodebook.models.folders import ModelFolders
from nodebook.models.handles import ClipHandle
from nodebook.models.pool import Pool
from nodebook.models.text.encode import encode
from nodebook.models.text.prompt import embedding_files
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import Clip, Cond

Prompt = Annotated[str, Text(multiline=True, complete=("embeddings",))]
Layer = Annotated[int, Field(ge=-24, le=-1), Number(step=1)]
Side = Annotated[int, Field(ge=0, le=16384)]
Score = Annotated[float, Field(ge=0.0, le=1000.0), Number(step=0.01)]


@node(
    name="CLIPTextEncode",
    title="CLIP Text Encode (Prompt)",
    category="conditioning",
    outputs=("CONDITIONING",),
    aliases=("negative prompt", "words"),
)
def clip_text_encode(text: Prompt = "", *, clip: Clip, pool: Hidden[Pool]) -> Cond:
    """Turn a prompt into what guides a diffusion model towards a picture.

    text: (word:1.3) weighs a word, (word) by 1.1; embedding:name stands for a file of the folder embeddings.
    clip: the text encoders that belong to the model.
    """
    encoders = _given(clip)
    with about("text"):
        return encode(pool, encoders, text, on_batch=progress)


@node(name="CLIPSetLastLayer", title="CLIP Set Last Layer", category="conditioning", outputs=("CLIP",))
def clip_set_last_layer(clip: Clip, stop_at_clip_layer: Layer = -1) -> Clip:
    """Choose which layer of the text encoders is read, often called clip skip.

    stop_at_clip_layer: -1 is the last, -2 the one before it, which some models were trained with.
    """
    return replace(_given(clip), stop_at_layer=stop_at_clip_layer)


@node(name="CLIPTextEncodeSDXL", category="advanced/conditioning", outputs=("CONDITIONING",))
def clip_text_encode_sdxl(  # noqa: PLR0913, PLR0917 -- ComfyUI's inputs
    clip: Clip,
    width: Side = 1024,
    height: Side = 1024,
    crop_w: Side = 0,
    crop_h: Side = 0,
    target_width: Side = 1024,
    target_height: Side = 1024,
    text_g: Prompt = "",
    text_l: Prompt = "",
    *,
    pool: Hidden[Pool],
) -> Cond:
    """Turn prompts into what guides SDXL, with the sizes that it was trained to heed.

    width: of the picture that the result is to look taken from.
    height: the same.
    crop_w: how far the result is to look cut off at its left.
    crop_h: the same at its top.
    target_width: of the result.
    target_height: the same.
    text_g: the prompt for the larger encoder.
    text_l: the prompt for the smaller one; often the same.
    """
    sizes = {
        "width": width,
        "height": height,
        "crop_w": crop_w,
        "crop_h": crop_h,
        "target_width": target_width,
        "target_height": target_height,
    }
    return encode(pool, _given(clip), {"clip_g": text_g, "clip_l": text_l}, options=sizes, on_batch=progress)


@node(name="CLIPTextEncodeSDXLRefiner", category="advanced/conditioning", outputs=("CONDITIONING",))
def clip_text_encode_sdxl_refiner(
    ascore: Score = 6.0, width: Side = 1024, height: Side = 1024, text: Prompt = "", *, clip: Clip, pool: Hidden[Pool]
) -> Cond:
    """Turn a prompt into what guides the SDXL refiner.

    ascore: how much people are to like the result: 6 for what is wanted, 2.5 for what is not.
    width: of the picture that the result is to look taken from.
    height: the same.
    """
    options = {"aesthetic_score": ascore, "width": width, "height": height}
    with about("text"):
        return encode(pool, _given(clip), text, options=options, on_batch=progress)


def _given(clip: ClipHandle | None) -> ClipHandle:
    if clip is None:
        with about("clip"):
            raise UnsuitableModelError(
                "There is no text encoder: the input clip is None. The checkpoint that it comes from holds none; "
                "load one with Load CLIP, or use a checkpoint that has one."
            )
    return clip


def embeddings_digest(folders: ModelFolders, **inputs: object) -> str:
    """Return what joins the key of a node that encodes prompts: the content of the embeddings that they may name."""
    prompts = [value for name, value in inputs.items() if name.startswith("text")]
    roots = folders.folders("embeddings")
    if all(isinstance(each, str) for each in prompts):
        files = {file for each in prompts for file in embedding_files(str(each), roots)}
    else:  # a prompt that arrives by a link may name any of them
        files = {folders.resolve("embeddings", name) for name in folders.names("embeddings")}
    return "+".join(content_digest(file) for file in sorted(files))


NODES = (clip_text_encode, clip_set_last_layer, clip_text_encode_sdxl, clip_text_encode_sdxl_refiner)

CHANGED: dict[str, Callable[..., str]] = {
    each.type_name: embeddings_digest
    for each in (clip_text_encode, clip_text_encode_sdxl, clip_text_encode_sdxl_refiner)
}
"""Node → what tells that files which it reads have changed, given the model folders and its inputs: not a fingerprint,
which would make a node run each time whose other inputs are linked."""
