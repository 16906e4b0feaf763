"""Nodes that load models: they read headers and digests alone, weights are read when they are first used."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from nodebook.engine.annotations import FileName, Hidden
from nodebook.engine.items import Block
from nodebook.engine.node import node
from nodebook.models.errors import ModelFileNotFoundError
from nodebook.models.files import content_digest
from nodebook.models.folders import ModelFolders
from nodebook.models.latents import SD1, SD3, SDXL, LatentFormat
from nodebook.models.load import load_checkpoint, load_diffusion_model, load_text_encoders, load_tiny_vae, load_vae
from nodebook.nodes.blame import about
from nodebook.nodes.diffusion.ports import Clip, Model, Vae

CheckpointName = Annotated[str, FileName("checkpoints")]
DiffusionModelName = Annotated[str, FileName("diffusion_models")]
TextEncoderName = Annotated[str, FileName("text_encoders")]
VaeName = Annotated[str, FileName("vae")]

WeightDtype = Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"]
ClipType = Literal[
    "stable_diffusion",
    "stable_cascade",
    "sd3",
    "stable_audio",
    "mochi",
    "ltxv",
    "pixart",
    "cosmos",
    "lumina2",
    "wan",
    "hidream",
    "chroma",
    "ace",
    "omnigen2",
    "qwen_image",
    "hunyuan_image",
    "flux2",
    "ovis",
]
DualClipType = Literal[
    "sdxl",
    "sd3",
    "flux",
    "hunyuan_video",
    "hidream",
    "hunyuan_image",
    "hunyuan_video_15",
    "kandinsky5",
    "kandinsky5_image",
    "ltxv",
    "newbie",
]
Device = Literal["default", "cpu"]

TINY_VAES: dict[str, LatentFormat] = {"taesd": SD1, "taesdxl": SDXL, "taesd3": SD3}
"""What a TAESD is called in lists, and the latents that it reads; its halves are files in the folder vae_approx."""


@node(name="CheckpointLoaderSimple", title="Load Checkpoint", category="loaders", outputs=("MODEL", "CLIP", "VAE"))
def checkpoint_loader_simple(ckpt_name: CheckpointName, *, folders: Hidden[ModelFolders]) -> tuple[Model, Clip, Vae]:
    """Load a model with its text encoders and its VAE from one file, whose family is read from its header.

    What the file does not hold keeps from running only the nodes that need it.

    ckpt_name: a file of the folder checkpoints.
    """
    with about("ckpt_name"):
        path = folders.resolve("checkpoints", ckpt_name)
        model, clip, vae = load_checkpoint(path, embeddings=folders.folders("embeddings"))
    return model, _held(clip, ckpt_name, "text encoders", "Load CLIP"), _held(vae, ckpt_name, "VAE", "Load VAE")


def _held(handle: Any, ckpt_name: str, what: str, node: str) -> Any:
    """Return a handle, or for None what keeps from running all that needs one."""
    if handle is None:
        return Block(f"The checkpoint {ckpt_name} holds no {what}. Add {node} with a file that does.")
    return handle


@node(name="UNETLoader", title="Load Diffusion Model", category="advanced/loaders", outputs=("MODEL",))
def unet_loader(
    unet_name: DiffusionModelName, weight_dtype: WeightDtype = "default", *, folders: Hidden[ModelFolders]
) -> Model:
    """Load a diffusion model from a file that holds nothing else.

    unet_name: a file of the folder diffusion_models.
    weight_dtype: the fp8 choices are taken as default: weights are kept as they compute.
    """
    del weight_dtype
    with about("unet_name"):
        return load_diffusion_model(folders.resolve("diffusion_models", unet_name))


@node(name="CLIPLoader", title="Load CLIP", category="advanced/loaders", outputs=("CLIP",))
def clip_loader(
    clip_name: TextEncoderName,
    type: ClipType = "stable_diffusion",  # noqa: A002 -- ComfyUI's name
    device: Device = "default",
    *,
    folders: Hidden[ModelFolders],
) -> Clip:
    """Load one text encoder from a file of its own: CLIP-L for SD 1.x, CLIP-H for SD 2.x, CLIP-G for the SDXL refiner.

    clip_name: a file of the folder text_encoders.
    type: which kind of model it is for; only sd3 makes a difference, other encoders tell by themselves.
    device: text encoders run where the pool is.
    """
    del device
    with about("clip_name"):
        path = folders.resolve("text_encoders", clip_name)
        return load_text_encoders([path], for_sd3=type == "sd3", embeddings=folders.folders("embeddings"))


@node(name="DualCLIPLoader", title="DualCLIPLoader", category="advanced/loaders", outputs=("CLIP",))
def dual_clip_loader(
    clip_name1: TextEncoderName,
    clip_name2: TextEncoderName,
    type: DualClipType = "sdxl",  # noqa: A002 -- ComfyUI's name
    device: Device = "default",
    *,
    folders: Hidden[ModelFolders],
) -> Clip:
    """Load two text encoders from files of their own, in any order: CLIP-L and CLIP-G for SDXL.

    clip_name1: a file of the folder text_encoders.
    clip_name2: another one.
    type: which kind of model they are for.
    device: text encoders run where the pool is.
    """
    del device
    paths = []
    for name, value in (("clip_name1", clip_name1), ("clip_name2", clip_name2)):
        with about(name):
            paths.append(folders.resolve("text_encoders", value))
    with about("clip_name2"):
        return load_text_encoders(paths, for_sd3=type == "sd3", embeddings=folders.folders("embeddings"))


@node(name="VAELoader", title="Load VAE", category="loaders", outputs=("VAE",))
def vae_loader(vae_name: VaeName, *, folders: Hidden[ModelFolders]) -> Vae:
    """Load a VAE from a file of its own, or a TAESD: a tiny one for quick and rough pictures.

    vae_name: a file of the folder vae; or taesd, taesdxl, taesd3, whose two halves are in the folder vae_approx.
    """
    with about("vae_name"):
        paths = vae_paths(folders, vae_name)
        if vae_name in TINY_VAES:
            encoder, decoder = paths
            return load_tiny_vae(encoder, decoder, TINY_VAES[vae_name])
        return load_vae(paths[0])


def vae_names(folders: ModelFolders) -> list[str]:
    """Return what the node Load VAE offers: files, and each TAESD whose two halves are there."""
    tiny = [name for name in TINY_VAES if find_tiny_halves(folders, name) is not None]
    return [*folders.names("vae"), *tiny]


def vae_paths(folders: ModelFolders, vae_name: str) -> Sequence[Path]:
    """Return the files of a VAE by its name: one, or a TAESD's encoder and decoder."""
    if vae_name not in TINY_VAES:
        return [folders.resolve("vae", vae_name)]
    halves = find_tiny_halves(folders, vae_name)
    if halves is None:
        raise ModelFileNotFoundError(
            f"There is no {vae_name!r}: it needs the files {vae_name}_encoder.safetensors and "
            f"{vae_name}_decoder.safetensors (or .pth) in one of {', '.join(map(str, folders.folders('vae_approx')))}."
        )
    return halves


def find_tiny_halves(folders: ModelFolders, name: str) -> tuple[Path, Path] | None:
    """Return the encoder's and the decoder's file of a TAESD; None where one of them is not there."""
    names = folders.names("vae_approx")
    halves = [
        next((each for each in names if Path(each).stem == f"{name}_{half}"), None) for half in ("encoder", "decoder")
    ]
    if halves[0] is None or halves[1] is None:
        return None
    return folders.resolve("vae_approx", halves[0]), folders.resolve("vae_approx", halves[1])


def checkpoint_digest(folders: ModelFolders, ckpt_name: str, **_others: Any) -> str:
    """Return what joins the key of a node that loads a checkpoint: the digest of the file's content."""
    with about("ckpt_name"):
        return content_digest(folders.resolve("checkpoints", ckpt_name))


def diffusion_model_digest(folders: ModelFolders, unet_name: str, **_others: Any) -> str:
    """Return the same of a node that loads a diffusion model."""
    with about("unet_name"):
        return content_digest(folders.resolve("diffusion_models", unet_name))


def clip_digest(folders: ModelFolders, **inputs: Any) -> str:
    """Return the same of a node that loads one or more text encoders, by its inputs ``clip_name...``."""
    digests = []
    for name, value in sorted(inputs.items()):
        if name.startswith("clip_name"):
            with about(name):
                digests.append(content_digest(folders.resolve("text_encoders", value)))
    return "+".join(digests)


def vae_digest(folders: ModelFolders, vae_name: str, **_others: Any) -> str:
    """Return the same of a node that loads a VAE."""
    with about("vae_name"):
        return "+".join(content_digest(path) for path in vae_paths(folders, vae_name))


NODES = (checkpoint_loader_simple, unet_loader, clip_loader, dual_clip_loader, vae_loader)

DIGESTS: dict[str, Callable[..., str]] = {
    "CheckpointLoaderSimple": checkpoint_digest,
    "UNETLoader": diffusion_model_digest,
    "CLIPLoader": clip_digest,
    "DualCLIPLoader": clip_digest,
    "VAELoader": vae_digest,
}
"""Node -> what joins its key, given the session's folders and the node's inputs."""
