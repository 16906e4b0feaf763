"""Pictures from words in graphs, by the model that the package brings: what runs again, what is shared, what fails."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import nodebook as nb
from nodebook.engine.events import NodePreview, NodeProgress
from nodebook.models.detect import LATENT_RGB_METADATA
from nodebook.models.folders import DATA
from nodebook.models.guidance.denoiser import GuidedDenoiser
from nodebook.models.preview_options import PreviewMethod, PreviewOptions
from nodebook.sessions import Session
from tests.models.vae.support import tiny_file, tiny_vae

DEMO = DATA / "checkpoints" / "nodebook-demo.safetensors"
STEPS = 3

pytestmark = pytest.mark.usefixtures("session")


@nb.node
def latent(channels: int = 4, value: float = 0.5) -> Annotated[dict[str, Any], nb.Port("LATENT")]:
    """Make a latent of one value."""
    return {"samples": torch.full((1, channels, 8, 8), value)}


def text_to_image(ckpt_name: str = DEMO.name, **sampler: Any) -> nb.Graph:
    g = nb.Graph()
    model, clip, vae = g.add("CheckpointLoaderSimple", ckpt_name=ckpt_name)
    wanted = g.add("CLIPTextEncode", title="Prompt", clip=clip, text=g.input("prompt", "a red circle"))
    unwanted = g.add("CLIPTextEncode", title="Not this", clip=clip, text="")
    blank = g.add("EmptyLatentImage", width=64, height=64)
    given = {"seed": g.input("seed", 1), "steps": STEPS, "cfg": 4.0, "scheduler": "karras", "latent_image": blank}
    sampled = g.add("KSampler", model=model, positive=wanted, negative=unwanted, **{**given, **sampler})
    g.add("SaveImage", images=g.add("VAEDecode", samples=sampled, vae=vae), filename_prefix="words")
    return g


def titles(g: nb.Graph, run: Any) -> list[str]:
    return sorted(g[node].title for node in run.executed)


def parts(session: Session) -> set[str]:
    return {row.part for row in session.pool.ledger().rows}


@pytest.fixture
def models(session: Session, tmp_path: Path) -> Path:
    """A folder in which checkpoints and LoRAs are found."""
    folder = tmp_path / "files"
    folder.mkdir()
    for category in ("checkpoints", "loras"):
        session.model_folders.add(category, folder)
    return folder


def test_only_what_changed_runs_again(session: Session) -> None:
    g = text_to_image()
    assert g.problems == []
    first = g.run().check()
    assert len(first.executed) == 9
    held = parts(session)
    assert titles(g, g.run(prompt="a green square")) == ["KSampler", "Prompt", "Save Image", "VAE Decode", "prompt"]
    assert titles(g, g.run(prompt="a green square", seed=2)) == ["KSampler", "Save Image", "VAE Decode", "seed"]
    g["Save Image"].set(filename_prefix="squares")
    assert titles(g, g.run(prompt="a green square", seed=2)) == ["Save Image"]
    assert parts(session) == held == {"unet", "clip_l", "vae"}


def test_a_seed_is_a_picture(session: Session) -> None:
    pictures = []
    for seed in (1, 2, 1):
        session.cache.clear()
        g = text_to_image()
        g.run(seed=seed).check()
        pictures.append(g["VAE Decode"].outputs[0])
    assert torch.equal(pictures[0], pictures[2])
    assert not torch.equal(pictures[0], pictures[1])


def test_two_graphs_share_the_weights_of_one_checkpoint(session: Session, models: Path) -> None:
    text_to_image().run().check()
    held = session.pool.ledger()
    (models / "copy.safetensors").write_bytes(DEMO.read_bytes())  # the same content under another name
    text_to_image("copy.safetensors").run().check()
    again = session.pool.ledger()
    assert len(again.rows) == len(held.rows) == 3


def test_each_step_is_told_and_shown(session: Session) -> None:
    events: list[Any] = []
    session.stream.subscribe(events.append)
    g = text_to_image(steps=20)
    g.run().check()
    sampler = g["KSampler"].id
    assert [each.value for each in events if isinstance(each, NodeProgress) and each.node == sampler] == [*range(1, 21)]
    assert any(isinstance(each, NodePreview) and each.node == sampler for each in events)


def test_previews_are_drawn_as_the_session_says(session: Session, models: Path) -> None:
    shown: list[NodePreview] = []
    session.stream.subscribe(lambda event: shown.append(event) if isinstance(event, NodePreview) else None)
    # The package's model has latents of its own; without its fit of colours it counts as SD 1.x, which has a TAESD.
    with safe_open(DEMO, framework="pt") as file:
        metadata = {name: text for name, text in file.metadata().items() if name != LATENT_RGB_METADATA}
    save_file(load_file(DEMO), models / "plain.safetensors", metadata)
    taesd = models / "taesd_decoder.safetensors"
    save_file(tiny_file(tiny_vae(), "decoder"), taesd)
    session.model_folders.add("vae_approx", models)

    def sizes(method: PreviewMethod, ckpt_name: str, size_px: int = 512) -> set[tuple[int, int]]:
        shown.clear()
        session.cache.clear()
        session.previews.options = PreviewOptions(method, size_px)
        text_to_image(ckpt_name).run().check()
        return {each.picture.size for each in shown}

    assert sizes("none", DEMO.name) == set()
    assert sizes("auto", DEMO.name) == {(8, 8)}
    assert sizes("auto", "plain.safetensors") == {(64, 64)}
    assert sizes("taesd", "plain.safetensors", 40) == {(40, 40)}
    assert sizes("latent2rgb", "plain.safetensors") == {(8, 8)}
    assert parts(session) >= {"unet"}
    taesd.unlink()
    assert sizes("auto", "plain.safetensors") == {(8, 8)}


def test_cancel_stops_before_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    g = text_to_image(steps=1000)
    calls = 0
    guide = GuidedDenoiser._guide

    def counted(self: GuidedDenoiser, *arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            g.cancel()
        return guide(self, *arguments, **named)

    monkeypatch.setattr(GuidedDenoiser, "_guide", counted)
    assert g.queue().result().outcome == "cancelled"
    assert calls == 5


def test_no_steps_at_all_return_the_latent() -> None:
    g = text_to_image(denoise=0.0, latent_image=None)
    given = g.add(latent)
    g["KSampler"].set(latent_image=given)
    g.run().check()
    assert torch.equal(g["KSampler"].outputs[0]["samples"], given.outputs[0]["samples"])


def cut(path: Path) -> None:
    path.write_bytes(DEMO.read_bytes()[:200_000])


def words(path: Path) -> None:
    path.write_text("This is no model.")


def vae_alone(path: Path) -> None:
    prefix = "first_stage_model."
    weights = load_file(DEMO)
    save_file({name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}, path)


def flux_lora(path: Path) -> None:
    name = "lora_unet_double_blocks_0_img_attn_qkv"
    save_file({f"{name}.lora_down.weight": torch.ones(4, 96), f"{name}.lora_up.weight": torch.ones(288, 4)}, path)


def misshapen(path: Path) -> None:
    save_file({**load_file(DEMO), "model.diffusion_model.out.2.bias": torch.zeros(7)}, path, metadata=metadata())


def stripped(path: Path) -> None:
    save_file(load_file(DEMO), path)


def metadata() -> dict[str, str]:
    with safe_open(DEMO, framework="pt") as file:
        found: dict[str, str] = file.metadata()
        return found


BAD_FILES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "truncated": (cut, "Load Checkpoint", "truncated.*Copy or download it again"),
    "no model at all": (words, "Load Checkpoint", "Cannot read"),
    "a VAE as checkpoint": (vae_alone, "Load Checkpoint", "looks like a VAE.*Load VAE"),
    "a LoRA as checkpoint": (flux_lora, "Load Checkpoint", "looks like a LoRA.*Load LoRA"),
    "metadata that is needed": (stripped, "Load Checkpoint", "normalisation groups do not divide.*metadata"),
    "a wrong shape": (misshapen, "KSampler", r"out\.2\.bias is \[7\], not \[4\]"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_checkpoint_says_so_on_the_node(models: Path, name: str) -> None:
    write, title, message = BAD_FILES[name]
    write(models / "bad.safetensors")
    g = text_to_image("bad.safetensors")
    run = g.run()
    (error,) = run.errors.values()
    assert g[error.node].title == title
    assert re.search(message, error.message)


def test_a_checkpoint_without_a_vae_samples_all_the_same(models: Path) -> None:
    rest = {name: each for name, each in load_file(DEMO).items() if not name.startswith("first_stage_model.")}
    save_file(rest, models / "no_vae.safetensors", metadata=metadata())
    g = text_to_image("no_vae.safetensors")
    run = g.run()
    assert not run.errors
    assert "KSampler" in titles(g, run)
    (message,) = filter(None, run.blocked.values())
    assert message == "The checkpoint no_vae.safetensors holds no VAE. Add Load VAE with a file that does."


def test_a_lora_for_another_family(models: Path) -> None:
    flux_lora(models / "flux.safetensors")
    g = text_to_image()
    loader = g["Load Checkpoint"]
    model, _ = g.add("LoraLoader", model=loader.model, clip=loader.clip, lora_name="flux.safetensors")
    g["KSampler"].set(model=model)
    (error,) = g.run().errors.values()
    assert (g[error.node].title, error.input) == ("Load LoRA", "lora_name")
    assert "looks made for Flux" in error.message


BAD_INPUTS: dict[str, tuple[dict[str, Any], str]] = {
    "no steps": ({"steps": 0}, "greater than or equal to 1, got 0"),
    "too much denoise": ({"denoise": 2.0}, "less than or equal to 1"),
    "an unknown sampler": ({"sampler_name": "euler_b"}, "euler_b"),
    "a latent of other channels": ({"channels": 16}, "16 channels, the model expects 4"),
    "a latent that is not a number": ({"value": float("nan")}, "not numbers"),
    "an absurd size": ({"side": 16384}, "GiB"),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_a_bad_input_says_so_on_the_sampler(name: str) -> None:
    given, message = BAD_INPUTS[name]
    g = text_to_image(**{key: value for key, value in given.items() if key in ("steps", "denoise", "sampler_name")})
    if "channels" in given or "value" in given:
        g["KSampler"].set(latent_image=g.add(latent, **given))
    if "side" in given:
        g["Empty Latent Image"].set(width=given["side"], height=given["side"])
    (error,) = g.run().errors.values()
    assert g[error.node].title == "KSampler"
    assert message in error.message


def test_a_very_long_prompt_and_an_embedding_that_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    g = text_to_image()
    g.run("Prompt", prompt="word " * 10_000).check()
    tokens = g["Prompt"].outputs[0][0][0]
    assert tokens.shape[1] == 77 * 134
    g.run("Prompt", prompt="a embedding:nothing circle").check()
    assert "'nothing'" in caplog.text


def test_fifty_failing_runs_keep_nothing(session: Session, models: Path) -> None:
    misshapen(models / "bad.safetensors")
    g = text_to_image()
    g.run().check()
    wrong = text_to_image("bad.safetensors")
    g["KSampler"].set(latent_image=g.add(latent, channels=16))

    def fail(seed: int) -> None:
        assert g.run(seed=seed).errors
        assert wrong.run(seed=seed).errors

    fail(0)
    before = living()
    for seed in range(1, 26):
        fail(seed)
    after = living()
    assert all(after[kind] <= before[kind] for kind in before), (before, after)
    assert len(session.pool.ledger().rows) <= 5


def living() -> dict[str, int]:
    """Count the latents and the networks of these runs that something still refers to.

    Not all bytes of the process: other tests' threads may be at work.
    """
    gc.collect()
    alive = [type(each) for each in gc.get_objects() if isinstance(each, torch.nn.Module)]
    odd = [each for each in gc.get_objects() if type(each) is torch.Tensor and each.shape == (1, 16, 8, 8)]
    return {"networks": sum(kind.__name__ == "UNet2DConditionModel" for kind in alive), "latents": len(odd)}
