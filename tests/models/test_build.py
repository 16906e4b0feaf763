"""Building networks: every layout, what is missing, what does not fit, and that bad files leave nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nodebook.models import build
from nodebook.models.build import build_part, estimate_bytes
from nodebook.models.convert.clip import clip_sources, new_clip
from nodebook.models.convert.fill import Source, fill
from nodebook.models.convert.mmdit import mmdit_sources, new_mmdit
from nodebook.models.convert.names import rename
from nodebook.models.convert.tiny import new_tiny
from nodebook.models.convert.unet import new_unet, unet_sources
from nodebook.models.convert.vae import new_vae, vae_sources
from nodebook.models.detect import ask
from nodebook.models.errors import (
    BrokenModelError,
    ChangedModelError,
    ModelError,
    UnknownModelError,
    UnsuitableModelError,
)
from nodebook.models.families.text_encoders import read_text_encoder
from nodebook.models.folders import DATA
from nodebook.models.handles import Part
from nodebook.models.latents import SD1
from nodebook.models.load import load_checkpoint, load_diffusion_model, load_text_encoders, load_tiny_vae, load_vae
from nodebook.models.pool import Pool
from nodebook.models.spec import CheckpointSpec, MmditSpec, TinySpec, UnetSpec
from tests.golden_data import NUMERICS, needs_golden
from tests.models.headers import header, index_of, value_of

TINY = NUMERICS / "tiny_sd1.safetensors"


def missing(module: nn.Module, sources: Mapping[str, Source], shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return what a network of full size lacks in a file, or finds there in another shape, without any weights."""
    lacks = []
    for name, meta in module.state_dict().items():
        if name not in sources:
            lacks.append(name)
            continue
        source = sources[name]
        found = source.of(torch.empty(shapes[source.key], device="meta"))
        if found.numel() != meta.numel():
            lacks.append(f"{name}: {list(found.shape)} for {list(meta.shape)}")
    return lacks


FULL_SIZE = [
    "sd15-emaonly-fp16",
    "sd15-unet-diffusers-fp16",
    "sdxl-base-fp16",
    "sdxl-inpaint-unet-diffusers-fp16",
    "sd3-medium-incl-clips-fp16",
]


@needs_golden
@pytest.mark.parametrize("name", FULL_SIZE)
def test_full_size_files_have_all_that_their_networks_need(name: str) -> None:
    said = ask(index_of(name), lambda key: value_of(name, key))[-1].said
    assert isinstance(said, CheckpointSpec)
    shapes = {key: tuple(shape) for key, (_, shape) in header(name)["tensors"].items()}
    if isinstance(said.network, UnetSpec):
        assert missing(new_unet(said.network), unet_sources(said.network, shapes), shapes) == []
    else:
        assert missing(new_mmdit(said.network), mmdit_sources(said.network, shapes), shapes) == []
    for _, encoder in said.encoders:
        assert missing(new_clip(encoder), clip_sources(encoder, shapes), shapes) == []
    if said.vae is not None:
        assert missing(new_vae(said.vae), vae_sources(said.vae, shapes), shapes) == []


@needs_golden
@pytest.mark.parametrize("name", ["clip-h-openclip-fp32", "clip-l-fp16", "clip-l-long-248-fp16", "clip-l-fp32-posids"])
def test_full_size_text_encoders_have_all_they_need(name: str) -> None:
    spec = read_text_encoder(index_of(name))[1]
    shapes = {key: tuple(shape) for key, (_, shape) in header(name)["tensors"].items()}
    assert missing(new_clip(spec), clip_sources(spec, shapes), shapes) == []


def test_sd35_layers_with_a_second_attention_are_found() -> None:
    spec = MmditSpec("", "ldm", 2, 16, 16, 2, 128, 2, 48, 32, 24, qk_norm=True, dual_layers=(0,))
    wanted = set(new_mmdit(spec).state_dict())
    keys = [
        f"joint_blocks.{number}.{side}.{module}.{leaf}"
        for number in (0, 1)
        for side in ("x_block", "context_block")
        for module in ("attn.qkv", "attn.proj", "adaLN_modulation.1", "mlp.fc1", "mlp.fc2", "attn2.qkv", "attn2.proj")
        for leaf in ("weight", "bias")
    ]
    found = set(mmdit_sources(spec, keys))
    assert {name for name in wanted if "attn2" in name and "norm" not in name} <= found


@needs_golden
def test_a_diffusers_file_gives_the_same_network(tmp_path: Path) -> None:
    """The tiny network, written in diffusers' names, is detected and computes the same."""
    model, _, vae = load_checkpoint(TINY)
    assert vae is not None
    unet, kl = (build_part(each.network.part, torch.float32).module for each in (model, vae))
    save_file(unet.state_dict(), tmp_path / "unet.safetensors")
    save_file(kl.state_dict(), tmp_path / "vae.safetensors")
    again, again_vae = load_diffusion_model(tmp_path / "unet.safetensors"), load_vae(tmp_path / "vae.safetensors")
    assert (again.network.part.spec.layout, again_vae.network.part.spec.layout) == ("diffusers", "diffusers")
    assert again.family == "sd1"
    for old, new in ((unet, again.network.part), (kl, again_vae.network.part)):
        built = build_part(new, torch.float32).module.state_dict()
        assert built.keys() == old.state_dict().keys()
        assert all(torch.equal(built[name], tensor) for name, tensor in old.state_dict().items())


@needs_golden
def test_vaes_and_encoders_of_their_own_files(tmp_path: Path) -> None:
    tensors = load_file(TINY)
    save_prefixed(tensors, "first_stage_model.", tmp_path / "vae.safetensors")
    save_prefixed(tensors, "cond_stage_model.transformer.", tmp_path / "clip.safetensors")
    vae, clip = load_vae(tmp_path / "vae.safetensors"), load_text_encoders([tmp_path / "clip.safetensors"])
    assert clip.family == "sd1"
    assert load_vae(TINY).network.part.spec.prefix == "first_stage_model."
    _, whole_clip, whole_vae = load_checkpoint(TINY)
    assert whole_clip is not None
    assert whole_vae is not None
    for one, other in ((vae.network, whole_vae.network), (clip.encoders[0], whole_clip.encoders[0])):
        mine, theirs = (build_part(each.part, torch.float32).module.state_dict() for each in (one, other))
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def save_prefixed(tensors: Mapping[str, Tensor], prefix: str, path: Path) -> None:
    save_file({key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}, path)


@needs_golden
def test_two_encoders_come_in_any_order(tmp_path: Path) -> None:
    tensors = load_file(NUMERICS / "extra" / "tiny_sdxl.safetensors")
    large, small = tmp_path / "g.safetensors", tmp_path / "l.safetensors"
    save_prefixed(tensors, "conditioner.embedders.0.transformer.", small)
    with pytest.raises(
        UnsuitableModelError, match=r"do not belong together: l.safetensors is clip_l, l.safetensors is"
    ):
        load_text_encoders([small, small])
    layers = {
        f"transformer.resblocks.{number}.{rest}": value.clone()
        for number in range(31)  # CLIP-G is known by its depth
        for key, value in tensors.items()
        if key.startswith("conditioner.embedders.1.model.transformer.resblocks.0.")
        for rest in [key.partition("resblocks.0.")[2]]
    }
    others = {
        key.removeprefix("conditioner.embedders.1.model."): value
        for key, value in tensors.items()
        if key.startswith("conditioner.embedders.1.model.") and "resblocks" not in key
    }
    save_file({**others, **layers}, large)
    for paths in ([small, large], [large, small]):
        clip = load_text_encoders(paths)
        assert (clip.family, [each.part.name for each in clip.encoders]) == ("sdxl", ["clip_l", "clip_g"])
    assert load_text_encoders([large]).family == "sdxl_refiner"
    assert load_text_encoders([small], for_sd3=True).family == "sd3"
    assert load_text_encoders([large, small], for_sd3=True).family == "sd3"


def tiny_files(folder: Path, prefix: str = "") -> tuple[Path, Path, nn.Module]:
    """Write a TAESD of random weights as its two files, and return them with the network that they come from."""
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

    torch.manual_seed(0)
    network = AutoencoderTiny(latent_channels=4)
    encoder, decoder = {}, {}
    for name, value in network.state_dict().items():
        half, _, number, rest = name.split(".", 3)
        if half == "encoder":
            encoder[f"{prefix and 'taesd_encoder.'}{number}.{rest}"] = value
        else:
            decoder[f"{prefix and 'taesd_decoder.'}{int(number) + 1}.{rest}"] = value
    save_file(encoder, folder / "taesd_encoder.safetensors")
    save_file(decoder, folder / "taesd_decoder.safetensors")
    return folder / "taesd_encoder.safetensors", folder / "taesd_decoder.safetensors", network


@pytest.mark.parametrize("prefix", ["", "taesd"])
def test_a_taesd_is_two_files(tmp_path: Path, prefix: str) -> None:
    encoder, decoder, original = tiny_files(tmp_path, prefix)
    vae = load_tiny_vae(encoder, decoder, SD1)
    assert (vae.kind, vae.network.part.spec.scale) == ("tiny", 0.18215)
    state = build_part(vae.network.part, torch.float32).module.state_dict()
    assert all(torch.equal(state[name], value) for name, value in original.state_dict().items())
    assert state.keys() == original.state_dict().keys()


def test_a_taesd_may_have_its_decoder_alone(tmp_path: Path) -> None:
    encoder, decoder, original = tiny_files(tmp_path)
    module: Any = build_part(load_tiny_vae(None, decoder, SD1).network.part, torch.float32).module
    latent = torch.randn(1, 4, 3, 5)
    with torch.no_grad():
        expected: Tensor = original.decode(latent).sample  # type: ignore[operator]
        assert torch.equal(module.decode(latent).sample, expected)
    with pytest.raises(UnknownModelError, match=r"taesd_encoder.safetensors is no decoder of a TAESD"):
        load_tiny_vae(None, encoder, SD1)
    with pytest.raises(UnknownModelError, match=r"taesd_decoder.safetensors is no encoder of a TAESD"):
        load_tiny_vae(decoder, decoder, SD1)
    assert isinstance(new_tiny(TinySpec("", 4, 1.0)), nn.Module)


@needs_golden
def test_the_expected_size_is_what_a_network_takes() -> None:
    model, clip, vae = load_checkpoint(TINY)
    assert clip is not None
    assert vae is not None
    pool = Pool()
    for patched in (model.network, clip.encoders[0], vae.network):
        with pool.lease(patched):
            taken = next(row for row in pool.ledger().rows if row.leases).size_bytes
        expected = estimate_bytes(patched.part, pool.dtype_of(patched.part))
        assert taken <= expected <= taken + 1024  # position_ids are in the file, not in the network
    assert estimate_bytes(model.network.part, torch.float16, mappable=False) < estimate_bytes(
        model.network.part, torch.float32, mappable=False
    )


class Two(nn.Module):
    """A linear layer and a convolution, on the meta device."""

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):
            self.linear = nn.Linear(3, 2, bias=False)
            self.register_buffer("position_ids", torch.arange(4).expand(1, -1), persistent=False)


def test_filling_takes_views_and_says_which() -> None:
    weight = torch.randn(2, 3, 1, 1)
    module = Two()
    views = fill(module, {"linear.weight": Source("w")}, lambda _: weight, dtype=torch.float32, subject="It")
    assert views == {"linear.weight"}
    assert module.linear.weight.data_ptr() == weight.data_ptr()
    assert module.linear.weight.shape == (2, 3)
    assert not module.training
    assert not module.linear.weight.requires_grad
    assert module.position_ids.tolist() == [[0, 1, 2, 3]]  # type: ignore[operator]
    half = Two()
    assert fill(half, {"linear.weight": Source("w")}, lambda _: weight, dtype=torch.float16, subject="It") == set()
    assert half.linear.weight.dtype == torch.float16


@pytest.mark.parametrize(
    ("sources", "read", "problem"),
    [
        ({}, lambda _: torch.zeros(1), r"It lacks 1 of its tensors: linear\.weight\. The file is truncated"),
        ({"linear.wait": Source("x")}, lambda _: torch.zeros(1), r"linear\.weight \(near: 'linear\.wait'\)"),
        (
            {"linear.weight": Source("w")},
            lambda _: torch.zeros(2, 4),
            r"does not fit together: w is \[2, 4\], not \[2, 3\]",
        ),
    ],
)
def test_what_does_not_fit_is_named(sources: dict[str, Source], read: Callable[[str], Tensor], problem: str) -> None:
    with pytest.raises(BrokenModelError, match=problem):
        fill(Two(), sources, read, dtype=torch.float32, subject="It")


def test_sources_split_turn_and_swap() -> None:
    rows = torch.arange(6.0).reshape(6, 1)
    assert Source("q", part=(1, 3)).of(rows).flatten().tolist() == [2.0, 3.0]
    assert Source("q", transposed=True).of(rows).shape == (1, 6)
    assert Source("q", halves_swapped=True).of(rows).flatten().tolist() == [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]


def test_the_longest_module_name_wins() -> None:
    modules = {"a": "x", "a.b": "y"}
    assert [rename(key, modules) for key in ("a.b.weight", "a.c.weight", "ab.weight")] == [
        "y.weight",
        "x.c.weight",
        None,
    ]


@needs_golden
def test_missing_and_wrong_tensors_of_a_checkpoint_are_named(tmp_path: Path) -> None:
    tensors = load_file(TINY)
    path = tmp_path / "damaged.safetensors"
    gone = "model.diffusion_model.time_embed.2.weight"
    wrong = "model.diffusion_model.out.2.bias"
    save_file({key: value for key, value in tensors.items() if key != gone}, path)
    with pytest.raises(
        BrokenModelError, match=r"unet of damaged\.safetensors lacks 1 .*time_embedding\.linear_2\.weight"
    ):
        build_part(load_checkpoint(path)[0].network.part, torch.float32)
    save_file({**tensors, wrong: torch.zeros(7)}, path)
    with pytest.raises(
        BrokenModelError, match=r"unet of damaged\.safetensors does not fit .*out\.2\.bias is \[7\], not \[4\]"
    ):
        build_part(load_checkpoint(path)[0].network.part, torch.float32)


@needs_golden
def test_a_file_that_was_replaced_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tensors = load_file(TINY)
    save_file(tensors, path)
    model = load_checkpoint(path)[0]
    save_file({**tensors, "model.diffusion_model.out.2.bias": torch.ones(4)}, path)
    with pytest.raises(ChangedModelError, match=r"model\.safetensors is not the file that it was .* Run the node"):
        build_part(model.network.part, torch.float32)
    assert load_checkpoint(path)[0] != model


@needs_golden
def test_text_encoders_of_early_files_lack_a_part_of_their_names(tmp_path: Path) -> None:
    tensors = {key.replace("transformer.text_model.", "transformer."): value for key, value in load_file(TINY).items()}
    position_ids = "cond_stage_model.transformer.embeddings.position_ids"
    save_file({**tensors, position_ids: tensors[position_ids].float()}, tmp_path / "early.safetensors")
    early, usual = (load_checkpoint(path)[1] for path in (tmp_path / "early.safetensors", TINY))
    assert early is not None
    assert usual is not None
    one, other = (build_part(each.encoders[0].part, torch.float32).module.state_dict() for each in (early, usual))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in other)


def bad_files(folder: Path) -> list[Path]:
    """Write a truncated checkpoint, one with a tensor gone, a LoRA, a VAE, a text, and a pickle that runs code."""
    tensors = load_file(TINY)
    content = TINY.read_bytes()
    (folder / "truncated.safetensors").write_bytes(content[: len(content) // 2])
    (folder / "text.safetensors").write_text("<html>not found</html>")
    kept = {key: value for key, value in tensors.items() if key != "model.diffusion_model.out.0.weight"}
    save_file(kept, folder / "gone.safetensors")
    save_prefixed(tensors, "first_stage_model.", folder / "vae.safetensors")
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(4, 4)}, folder / "lora.safetensors")
    torch.save({"state_dict": tensors, "x": pytest.approx}, folder / "evil.ckpt")
    return sorted(folder.iterdir())


@needs_golden
def test_fifty_failing_loads_leave_memory_flat(tmp_path: Path) -> None:
    paths = bad_files(tmp_path)
    pool = Pool()

    def fail(path: Path) -> None:
        with pytest.raises(ModelError, match=path.name), pool.lease(load_checkpoint(path)[0].network):
            pass

    for path in paths:
        fail(path)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for number in range(50):
        fail(paths[number % len(paths)])
    gc.collect()
    assert psutil.Process().memory_info().rss - before < 8 << 20  # one kept checkpoint alone has 14 MiB
    assert pool.ledger().used_bytes == 0
    assert not pool.ledger().rows


@needs_golden
def test_building_opens_no_file_but_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, clip, vae = load_checkpoint(TINY)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it went to the net"))
    assert clip is not None
    assert vae is not None
    for patched in (model.network, clip.encoders[0], vae.network):
        assert not any(each.is_meta for each in build_part(patched.part, torch.float32).module.state_dict().values())
    assert not list(tmp_path.iterdir())
    with safe_open(TINY, framework="pt") as file:
        assert len(file.keys()) == 605


def test_networks_are_constructed_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two first imports of diffusers at once would give one thread a half-made module."""
    held = []
    new = build._new

    def watched(part: Part, keys: list[str]) -> tuple[nn.Module, Any]:
        held.append(build._importing.locked())
        return new(part, keys)

    monkeypatch.setattr(build, "_new", watched)
    model, _, _ = load_checkpoint(DATA / "checkpoints" / "nodebook-demo.safetensors")
    build.build_part(model.network.part, torch.float32)
    assert held == [True]
