"""Nodes that load models: handles without weights, keys by content, and errors on the input that is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from safetensors.torch import load_file, save_file

from nodebook.engine.items import Block
from nodebook.models.errors import ModelFileNotFoundError, UnknownModelError
from nodebook.models.folders import ModelFolders
from nodebook.models.pool import Pool
from nodebook.nodes.blame import INPUT_NOTE
from nodebook.nodes.diffusion import loaders
from tests.golden_data import NUMERICS, needs_golden

pytestmark = needs_golden


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    """Return a models folder with the tiny checkpoint, and its parts as files of their own."""
    for category in ("checkpoints", "diffusion_models", "vae", "text_encoders", "vae_approx"):
        (tmp_path / category).mkdir()
    shutil.copy(NUMERICS / "tiny_sd1.safetensors", tmp_path / "checkpoints")
    shutil.copy(NUMERICS / "extra" / "tiny_sd3.safetensors", tmp_path / "diffusion_models")
    tensors = load_file(NUMERICS / "tiny_sd1.safetensors")
    for prefix, path in (
        ("first_stage_model.", "vae/vae.safetensors"),
        ("cond_stage_model.transformer.", "text_encoders/l.safetensors"),
    ):
        part = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        save_file(part, tmp_path / path)
    return ModelFolders([tmp_path], own=None)


def test_a_checkpoint_is_three_handles_and_no_weights(folders: ModelFolders) -> None:
    model, clip, vae = loaders.checkpoint_loader_simple("tiny_sd1.safetensors", folders=folders)
    assert clip is not None
    assert vae is not None
    assert (model.family, clip.family, vae.kind) == ("sd1", "sd1", "kl")
    assert clip.embeddings == folders.folders("embeddings")
    again = loaders.checkpoint_loader_simple("tiny_sd1.safetensors", folders=folders)
    assert again == (model, clip, vae)
    assert hash(again[0]) == hash(model)
    pool = Pool()
    with pool.lease(model.network, vae.network) as (unet, kl):
        assert sum(parameter.numel() for parameter in unet.parameters()) == 1_489_028
        assert sum(parameter.numel() for parameter in kl.parameters()) == 1_067_079


def test_parts_of_their_own_files(folders: ModelFolders) -> None:
    model = loaders.unet_loader("tiny_sd3.safetensors", "default", folders=folders)
    assert (model.family, model.sampling.prediction, model.latent_format.channels) == ("sd3", "flow", 16)
    assert loaders.unet_loader("tiny_sd3.safetensors", "fp8_e4m3fn", folders=folders) == model
    clip = loaders.clip_loader("l.safetensors", "stable_diffusion", folders=folders)
    assert (clip.family, len(clip.encoders)) == ("sd1", 1)
    assert loaders.clip_loader("l.safetensors", "sd3", "cpu", folders=folders).family == "sd3"
    assert loaders.vae_loader("vae.safetensors", folders=folders).kind == "kl"


def test_a_checkpoint_without_text_encoder_and_vae(folders: ModelFolders, tmp_path: Path) -> None:
    shutil.copy(NUMERICS / "extra" / "tiny_sd3.safetensors", tmp_path / "checkpoints")
    model, clip, vae = loaders.checkpoint_loader_simple("tiny_sd3.safetensors", folders=folders)
    assert model.family == "sd3"
    found: list[tuple[Any, str]] = [(clip, "no text encoders. Add Load CLIP"), (vae, "no VAE. Add Load VAE")]
    for missing, advice in found:
        assert isinstance(missing, Block)
        assert advice in str(missing.message)


def test_a_taesd_is_offered_once_both_halves_are_there(folders: ModelFolders, tmp_path: Path) -> None:
    assert loaders.vae_names(folders) == ["vae.safetensors"]
    with pytest.raises(ModelFileNotFoundError, match=r"no 'taesd': it needs the files taesd_encoder\.safetensors and"):
        loaders.vae_loader("taesd", folders=folders)
    state = AutoencoderTiny(latent_channels=4).state_dict()
    for half, first in (("encoder", 0), ("decoder", 1)):
        names = {name: name.split(".", 3) for name in state if name.startswith(half)}
        part = {f"{int(number) + first}.{rest}": state[name] for name, (_, _, number, rest) in names.items()}
        torch.save(part, tmp_path / "vae_approx" / f"taesd_{half}.pth")
    assert loaders.vae_names(folders) == ["vae.safetensors", "taesd"]
    vae = loaders.vae_loader("taesd", folders=folders)
    assert vae.kind == "tiny"
    with Pool().lease(vae.network) as (module,):
        assert torch.equal(module.state_dict()["decoder.layers.0.weight"], state["decoder.layers.0.weight"])


def test_keys_follow_the_content(folders: ModelFolders, tmp_path: Path) -> None:
    first = loaders.checkpoint_digest(folders, "tiny_sd1.safetensors")
    shutil.copy(NUMERICS / "tiny_sd1.safetensors", tmp_path / "checkpoints" / "copy.safetensors")
    assert loaders.checkpoint_digest(folders, ckpt_name="copy.safetensors", other=1) == first
    shutil.copy(NUMERICS / "extra" / "tiny_sdxl.safetensors", tmp_path / "checkpoints" / "copy.safetensors")
    assert loaders.checkpoint_digest(folders, "copy.safetensors") != first
    assert loaders.diffusion_model_digest(folders, unet_name="tiny_sd3.safetensors", weight_dtype="default")
    one = loaders.clip_digest(folders, clip_name="l.safetensors", type="sd3")
    two = loaders.clip_digest(folders, clip_name1="l.safetensors", clip_name2="l.safetensors", type="sdxl")
    assert two == f"{one}+{one}"
    assert loaders.vae_digest(folders, "vae.safetensors") != one
    assert set(loaders.DIGESTS) == {each.options.name for each in loaders.NODES}


def test_errors_are_on_the_input_that_is_wrong(folders: ModelFolders, tmp_path: Path) -> None:
    with pytest.raises(ModelFileNotFoundError, match=r"Did you mean 'tiny_sd1\.safetensors'") as missing:
        loaders.checkpoint_loader_simple("tiny_sd2.safetensors", folders=folders)
    assert missing.value.__notes__ == [f"{INPUT_NOTE}ckpt_name"]
    shutil.copy(tmp_path / "vae" / "vae.safetensors", tmp_path / "checkpoints")
    with pytest.raises(UnknownModelError, match=r"looks like a VAE.*node Load VAE") as other:
        loaders.checkpoint_loader_simple("vae.safetensors", folders=folders)
    assert other.value.__notes__ == [f"{INPUT_NOTE}ckpt_name"]
    with pytest.raises(ModelFileNotFoundError) as second:
        loaders.dual_clip_loader("l.safetensors", "gone.safetensors", "sdxl", folders=folders)
    assert second.value.__notes__ == [f"{INPUT_NOTE}clip_name2"]
    shutil.copy(tmp_path / "vae" / "vae.safetensors", tmp_path / "text_encoders")
    with pytest.raises(UnknownModelError, match=r"vae.safetensors is no text encoder") as wrong:
        loaders.clip_loader("vae.safetensors", "stable_diffusion", folders=folders)
    assert wrong.value.__notes__ == [f"{INPUT_NOTE}clip_name"]
