"""Model folders: names, lists that stay current, ``extra_model_paths.yaml``, and names that are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodebook.models.errors import ModelFileNotFoundError, ModelFolderError
from nodebook.models.folders import CATEGORIES, DATA, ModelFolders


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_names_have_subfolders_and_no_hidden_or_other_files(tmp_path: Path) -> None:
    root = tmp_path / "models" / "checkpoints"
    for name in ("b.safetensors", "a.CKPT", "sd/deep/c.sft", "d.txt", ".hidden.safetensors", ".git/e.safetensors"):
        put(root / name)
    folders = ModelFolders([tmp_path / "models"], own=None)
    assert folders.names("checkpoints") == ["a.CKPT", "b.safetensors", "sd/deep/c.sft"]
    assert folders.resolve("checkpoints", "sd/deep/c.sft") == root / "sd" / "deep" / "c.sft"
    assert folders.resolve("checkpoints", r"sd\deep\c.sft") == root / "sd" / "deep" / "c.sft"


def test_categories_have_the_folders_and_names_that_comfyui_has(tmp_path: Path) -> None:
    put(tmp_path / "clip" / "l.safetensors")
    put(tmp_path / "text_encoders" / "g.safetensors")
    put(tmp_path / "unet" / "u.safetensors")
    put(tmp_path / "t2i_adapter" / "t.pth")
    put(tmp_path / "configs" / "v1.yaml")
    put(tmp_path / "configs" / "v1.safetensors")
    folders = ModelFolders([tmp_path], own=None)
    assert folders.names("clip") == folders.names("text_encoders") == ["g.safetensors", "l.safetensors"]
    assert folders.names("unet") == folders.names("diffusion_models") == ["u.safetensors"]
    assert folders.names("controlnet") == ["t.pth"]
    assert folders.names("configs") == ["v1.yaml"]
    assert {"embeddings", "upscale_models", "vae_approx", "clip_vision", "loras", "hypernetworks"} < CATEGORIES.keys()


def test_a_list_stays_current(tmp_path: Path) -> None:
    folders = ModelFolders([tmp_path], own=None)
    assert folders.names("loras") == []
    put(tmp_path / "loras" / "a.safetensors")
    assert folders.names("loras") == ["a.safetensors"]
    put(tmp_path / "loras" / "sub" / "b.safetensors")
    assert folders.names("loras") == ["a.safetensors", "sub/b.safetensors"]
    touch_later(tmp_path / "loras" / "sub")
    (tmp_path / "loras" / "sub" / "b.safetensors").unlink()
    assert folders.names("loras") == ["a.safetensors"]


def touch_later(folder: Path) -> None:
    """Set a folder back in time, so that the next change shows however coarse the clock is."""
    os.utime(folder, ns=(0, 0))


def test_a_list_is_read_again_only_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "loras" / "a.safetensors")
    folders = ModelFolders([tmp_path], own=None)
    folders.names("loras").append("a caller's own")
    walked = []
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda *args, **kwargs: (walked.append(args), walk(*args, **kwargs))[1])
    assert folders.names("loras") == ["a.safetensors"]
    assert not walked
    folders.add("loras", put(tmp_path / "more" / "b.safetensors").parent)
    assert folders.names("loras") == ["a.safetensors", "b.safetensors"]


def test_the_first_folder_that_has_a_name_wins(tmp_path: Path) -> None:
    put(tmp_path / "two" / "loras" / "a.safetensors")
    folders = ModelFolders([tmp_path / "one", tmp_path / "two"], own=None)
    assert folders.resolve("loras", "a.safetensors") == tmp_path / "two" / "loras" / "a.safetensors"
    first = put(tmp_path / "one" / "loras" / "a.safetensors")
    assert folders.resolve("loras", "a.safetensors") == first


@pytest.mark.parametrize("name", ["", " ", "../secret.safetensors", "a/../../secret.safetensors", "C:/secret", "a\0b"])
def test_no_name_leaves_the_folders(tmp_path: Path, name: str) -> None:
    put(tmp_path / "secret.safetensors")
    (tmp_path / "loras" / "a").mkdir(parents=True)
    folders = ModelFolders([tmp_path], own=None)
    with pytest.raises(ModelFileNotFoundError, match="There is no file"):
        folders.resolve("loras", name)
    with pytest.raises(ModelFileNotFoundError, match="There is no file"):
        folders.resolve("loras", str(tmp_path / "secret.safetensors"))


def test_a_missing_file_is_answered_with_what_is_like_it(tmp_path: Path) -> None:
    put(tmp_path / "loras" / "style_v2.safetensors")
    folders = ModelFolders([tmp_path], own=None)
    with pytest.raises(
        ModelFileNotFoundError, match=r"no file 'style\.safetensors' .*Did you mean 'style_v2.safetensors'"
    ):
        folders.resolve("loras", "style.safetensors")
    with pytest.raises(
        ModelFileNotFoundError, match=r"There are 1 files, for example 'style_v2.safetensors'. Looked in"
    ):
        folders.resolve("loras", "zzz")
    with pytest.raises(FileNotFoundError, match=r"There are no files yet: put one into .*vae, or set NODEBOOK_MODELS"):
        folders.resolve("vae", "a.safetensors")
    with pytest.raises(ModelFolderError, match=r"There is no model folder 'lora'. Those known: checkpoints, loras"):
        folders.names("lora")


EXTRA = """
comfyui:
    base_path: {base}
    is_default: true
    checkpoints: models/checkpoints/
    clip: |
        models/clip/
        models/text_encoders/
    embeddings: ../embeddings
other:
    loras: $MORE_MODELS/loras
    vae: ~/vae
    my_kind: things
empty:
"""


def test_extra_paths_are_read_as_comfyui_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORE_MODELS", str(tmp_path / "more"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    base = tmp_path / "comfy"
    file = tmp_path / "nb" / "extra_model_paths.yaml"
    put(file).write_text(EXTRA.format(base="../comfy"))
    put(base / "models" / "clip" / "l.safetensors")
    put(tmp_path / "more" / "loras" / "a.safetensors")
    put(tmp_path / "home" / "vae" / "v.pt")
    put(tmp_path / "nb" / "things" / "any.thing")
    put(tmp_path / "embeddings" / "e.pt")
    folders = ModelFolders([tmp_path / "nb" / "models"], [file, tmp_path / "absent.yaml"], own=None)
    assert folders.folders("checkpoints")[0] == base / "models" / "checkpoints"
    assert folders.folders("clip")[:2] == (base / "models" / "text_encoders", base / "models" / "clip")
    assert folders.names("clip") == ["l.safetensors"]
    assert folders.names("loras") == ["a.safetensors"]
    assert folders.names("vae") == ["v.pt"]
    assert folders.names("my_kind") == ["any.thing"]
    assert folders.names("embeddings") == ["e.pt"]


def test_a_default_moves_a_known_folder_to_the_front(tmp_path: Path) -> None:
    folders = ModelFolders([tmp_path / "a", tmp_path / "b"], own=None)
    folders.add("loras", tmp_path / "b" / "loras", first=True)
    folders.add("loras", tmp_path / "a" / "x" / ".." / "loras")
    assert folders.folders("loras") == (tmp_path / "b" / "loras", tmp_path / "a" / "loras")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a: [", r"Cannot read"), ("[1, 2]", r"expected sections"), ("a: models", r"section 'a' .* is a str")],
)
def test_a_file_that_is_no_list_of_paths_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = put(tmp_path / "extra_model_paths.yaml")
    file.write_text(text)
    with pytest.raises(ModelFolderError, match=problem):
        ModelFolders([], [file])


def test_the_folders_of_a_session(tmp_path: Path) -> None:
    put(tmp_path / "here" / "models" / "vae" / "one.pt")
    put(tmp_path / "comfy" / "models" / "vae" / "two.pt")
    put(tmp_path / "bare" / "vae" / "three.pt")
    put(tmp_path / "here" / "extra_model_paths.yaml").write_text("a:\n  vae: four")
    put(tmp_path / "here" / "four" / "four.pt")
    paths = os.pathsep.join([str(tmp_path / "comfy"), str(tmp_path / "bare")])
    folders = ModelFolders.beside(tmp_path / "here", {"NODEBOOK_MODELS": paths})
    assert folders.names("vae") == ["four.pt", "one.pt", "three.pt", "two.pt"]


def test_the_packages_own_models_come_last(tmp_path: Path) -> None:
    own = tmp_path / "data"
    demo = put(own / "checkpoints" / "demo.safetensors")
    folders = ModelFolders([tmp_path / "models"], own=own)
    assert folders.resolve("checkpoints", "demo.safetensors") == demo
    users = put(tmp_path / "models" / "checkpoints" / "demo.safetensors")
    assert folders.resolve("checkpoints", "demo.safetensors") == users
    assert folders.folders("vae") == (tmp_path / "models" / "vae",)
    assert ModelFolders().folders("loras") == (DATA / "loras",)
