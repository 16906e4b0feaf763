from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nodebook.assets.folders import Folders
from nodebook.assets.pictures import GRAPH_CHUNK
from nodebook.engine.context import RunDocument
from nodebook.engine.node import UI
from nodebook.errors import NodebookError
from nodebook.models.errors import BrokenModelError, ModelFileNotFoundError
from nodebook.nodes.diffusion import latent_files as nodes

GRAPH = '{"nodes": {}}'


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders.under(tmp_path)
    for folder in (made.input, made.output):
        folder.mkdir()
    return made


def saved(folders: Folders, samples: torch.Tensor, prefix: str = "latents/ComfyUI") -> Path:
    shown = nodes.save_latent({"samples": samples}, prefix, folders=folders, document=RunDocument(lambda: GRAPH))
    assert isinstance(shown, UI)
    return Path(shown.payload["latents"][0])


def test_a_latent_comes_back_as_it_was_saved(folders: Folders) -> None:
    samples = torch.randn(2, 4, 5, 7)
    path = saved(folders, samples)
    assert path == folders.output / "latents" / "ComfyUI_00001_.latent"
    assert saved(folders, samples).name == "ComfyUI_00002_.latent"
    assert torch.equal(nodes.load_latent(str(path), folders=folders)["samples"], samples)


def test_a_file_carries_the_graph_and_says_its_scale(folders: Folders) -> None:
    with safe_open(saved(folders, torch.zeros(1, 4, 2, 2), "%width%x%height%"), "pt") as file:
        assert file.metadata() == {GRAPH_CHUNK: GRAPH}
        assert sorted(file.keys()) == ["latent_format_version_0", "latent_tensor"]
    assert (folders.output / "16x16_00001_.latent").is_file()


def test_an_old_file_is_in_the_models_scale(folders: Folders) -> None:
    samples = torch.randn(1, 4, 2, 2).half()
    save_file({"latent_tensor": samples}, folders.input / "old.latent")
    loaded = nodes.load_latent("old.latent", folders=folders)["samples"]
    torch.testing.assert_close(loaded, samples.float() / 0.18215)


def test_files_of_the_input_folder_are_listed(folders: Folders) -> None:
    (folders.input / "a").mkdir()
    for name in ("b.latent", "a/c.latent", "d.png"):
        (folders.input / name).write_bytes(b"")
    assert nodes.latent_names(folders) == ["a/c.latent", "b.latent"]
    assert nodes.resolve_latent(folders, "a/c.latent") == folders.input / "a" / "c.latent"


def test_a_missing_file_is_named(folders: Folders) -> None:
    with pytest.raises(ModelFileNotFoundError, match=r"no file of latents 'x.latent' in .*Put one there first"):
        nodes.load_latent("x.latent", folders=folders)
    (folders.input / "b.latent").write_bytes(b"")
    with pytest.raises(NodebookError, match=r"There are, for example, 'b.latent'"):
        nodes.latent_digest(folders, "x.latent")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_another_file_is_refused(folders: Folders, content: bytes) -> None:
    (folders.input / "x.latent").write_bytes(content)
    with pytest.raises(BrokenModelError, match=r"x.latent is no file of latents .*expected safetensors") as caught:
        nodes.load_latent("x.latent", folders=folders)
    assert caught.value.__notes__ == ["nodebook-input: latent"]


def test_another_content_is_another_key(folders: Folders) -> None:
    path = folders.input / "x.latent"
    path.write_bytes(nodes.encode_latent(torch.zeros(1, 4, 2, 2)))
    before = nodes.latent_digest(folders, "x.latent")
    path.write_bytes(nodes.encode_latent(torch.ones(1, 4, 2, 2)))
    assert nodes.latent_digest(folders, latent="x.latent") != before
