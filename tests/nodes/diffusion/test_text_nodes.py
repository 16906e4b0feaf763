from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nodebook.models.errors import ModelFileNotFoundError, PromptError, UnsuitableModelError
from nodebook.models.folders import ModelFolders
from nodebook.models.handles import ClipHandle
from nodebook.models.pool import Pool
from nodebook.nodes.blame import INPUT_NOTE
from nodebook.nodes.diffusion import lora, merge, text
from tests.golden_data import cases, expect_close, needs_golden
from tests.golden_graph import Graph, all_nodes, recorded_services, tensors_of
from tests.models.lora.tiny import clip_in, drawn, lora_in, model_in, weights_of

torch.set_num_threads(1)

KINDS = ("text", "cond_ops", "lora", "merge", "sdxl")
LAYER = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
LORA = {
    f"lora_unet_{LAYER.replace('.', '_')}.diff": drawn(32, 32, seed=2),
    "lora_te_text_model_encoder_layers_0_mlp_fc1.diff": drawn(32, 16, seed=3),
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return recorded_services()


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    made = ModelFolders(own=None)
    for category in ("loras", "embeddings"):
        (tmp_path / category).mkdir()
        made.add(category, tmp_path / category)
    return made


@needs_golden
@pytest.mark.parametrize("case", cases(*KINDS))
def test_prompts_are_encoded_as_in_comfyui(case: dict[str, Any], services: dict[str, Any]) -> None:
    graph = Graph(case["graph"], all_nodes(), services)
    prompts = [name for name in case["outputs"] if f"{name}/cond" in case["arrays"]]
    assert prompts
    for prompt in prompts:
        for name, tensor in tensors_of(prompt, graph.value(*case["outputs"][prompt])).items():
            expect_close(case, name, tensor)


def encode(prompt: str, clip: ClipHandle, pool: Pool) -> tuple[torch.Tensor, dict[str, Any]]:
    ((tokens, options),) = text.clip_text_encode(prompt, clip=clip, pool=pool)
    return tokens, options


def test_what_comes_out_is_plain_and_independent(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_l")
    tokens, options = encode("a cat", clip, pool)
    assert (tokens.shape, tokens.dtype, tokens.is_inference()) == ((1, 77, 16), torch.float32, False)
    assert list(options) == ["pooled_output"]
    assert options["pooled_output"].shape == (1, 16)
    again, _ = encode("a cat", clip, pool)
    tokens.zero_()
    assert again.abs().sum() > 0


def test_a_weight_moves_its_word_alone_away_from_the_empty_prompt(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_l")
    plain, options = encode("a cat sat", clip, pool)
    heavy, heavy_options = encode("a (cat:1.5) sat", clip, pool)
    empty, _ = encode("", clip, pool)
    expected = plain.clone()
    expected[:, 2] = empty[:, 2] + 1.5 * (plain[:, 2] - empty[:, 2])
    assert torch.allclose(heavy, expected, atol=1e-5)
    assert torch.allclose(heavy_options["pooled_output"], options["pooled_output"], atol=1e-6)


def test_a_prompt_of_ten_thousand_words_is_encoded_in_chunks(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_l")
    tokens, options = encode("word " * 10_000, clip, pool)
    assert tokens.shape == (1, 77 * 134, 16)
    first, first_options = encode("word " * 75, clip, pool)
    assert torch.allclose(tokens[:, :77], first, atol=1e-5)
    assert torch.allclose(options["pooled_output"], first_options["pooled_output"], atol=1e-5)


def test_a_missing_embedding_is_left_out_with_a_warning(
    tmp_path: Path, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    clip = clip_in(tmp_path, "clip_l", "clip_g", family="sdxl")
    with caplog.at_level(logging.WARNING):
        tokens, _ = encode("a embedding:ink", clip, pool)
    assert [record.message for record in caplog.records] == [
        "The prompt names the embedding 'ink', but no embeddings folder holds it: it is left out."
    ]
    assert torch.equal(tokens, encode("a ", clip, pool)[0])


def test_an_embedding_of_another_width_counts_as_padding_with_a_warning(
    tmp_path: Path, pool: Pool, folders: ModelFolders, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"emb_params": torch.ones(2, 16)}, tmp_path / "embeddings" / "ink.safetensors")
    made = clip_in(tmp_path, "clip_l", "clip_g", family="sdxl", widths=(16, 24))
    clip = ClipHandle(made.encoders, "sdxl", embeddings=folders.folders("embeddings"))
    with caplog.at_level(logging.WARNING):
        tokens, _ = encode("a embedding:ink", clip, pool)
    assert "an embedding of width 16, but clip_g has width 24" in caplog.text
    assert tokens.shape == (1, 77, 40)


@pytest.mark.parametrize("weight", ["inf", "nan", "1e999"])
def test_a_weight_that_is_no_number_is_an_error_on_the_text(tmp_path: Path, pool: Pool, weight: str) -> None:
    with pytest.raises(PromptError, match=r"The prompt has the weight (inf|nan)") as caught:
        encode(f"a (cat:{weight})", clip_in(tmp_path, "clip_l"), pool)
    assert caught.value.__notes__ == [f"{INPUT_NOTE}text"]


def test_no_text_encoder_is_an_error_on_the_clip(pool: Pool) -> None:
    none: Any = None
    for call in (
        lambda: text.clip_text_encode("a", clip=none, pool=pool),
        lambda: text.clip_set_last_layer(none, -2),
    ):
        with pytest.raises(UnsuitableModelError, match=r"the input clip is None.*Load CLIP") as caught:
            call()
        assert caught.value.__notes__ == [f"{INPUT_NOTE}clip"]


def test_a_family_whose_encoders_are_not_known_is_an_error(tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(UnsuitableModelError, match=r"text encoders of flux cannot encode yet. Known are those of sd1"):
        encode("a", clip_in(tmp_path, "clip_l", family="flux"), pool)


def test_each_of_sdxls_encoders_reads_its_own_text_and_the_shorter_goes_on_empty(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_l", "clip_g", family="sdxl", widths=(16, 24))
    small, large = (ClipHandle((each,), "sdxl") for each in clip.encoders)
    sizes = {"width": 8, "height": 16, "crop_w": 1, "crop_h": 2, "target_width": 32, "target_height": 64}
    ((tokens, options),) = text.clip_text_encode_sdxl(clip, **sizes, text_g="word " * 100, text_l="a cat", pool=pool)
    assert tokens.shape == (1, 154, 40)
    assert torch.allclose(tokens[..., 16:], encode("word " * 100, large, pool)[0], atol=1e-5)
    assert torch.allclose(tokens[:, :77, :16], encode("a cat", small, pool)[0], atol=1e-5)
    assert torch.allclose(tokens[:, 77:, :16], encode("", small, pool)[0], atol=1e-5)
    assert {name: options[name] for name in sizes} == sizes
    assert torch.allclose(options["pooled_output"], encode("word " * 100, large, pool)[1]["pooled_output"], atol=1e-5)


def test_an_encoder_that_a_text_is_for_may_be_absent_but_not_the_text_of_one(tmp_path: Path, pool: Pool) -> None:
    with pytest.raises(UnsuitableModelError, match=r"has a clip_h, for which there is no text"):
        text.clip_text_encode_sdxl(clip_in(tmp_path, "clip_h", family="sd2"), text_g="a", text_l="b", pool=pool)


def test_the_refiner_is_told_sizes_and_a_score(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_g", family="sdxl_refiner")
    ((tokens, options),) = text.clip_text_encode_sdxl_refiner(2.5, 640, 480, "a cat", clip=clip, pool=pool)
    assert torch.equal(tokens, encode("a cat", clip, pool)[0])
    assert (options["aesthetic_score"], options["width"], options["height"]) == (2.5, 640, 480)


def test_clip_skip_reads_another_layer(tmp_path: Path, pool: Pool) -> None:
    clip = clip_in(tmp_path, "clip_l")
    skipped, last, beyond = (encode("a", text.clip_set_last_layer(clip, each), pool)[0] for each in (-2, -1, -3))
    plain = encode("a", clip, pool)[0]
    assert torch.equal(plain, last)
    assert torch.equal(plain, beyond)  # it has two layers
    assert not torch.equal(plain, skipped)


def test_a_lora_is_loaded_by_name(tmp_path: Path, folders: ModelFolders) -> None:
    lora_in(tmp_path / "loras", LORA, "style.safetensors")
    model, clip = model_in(tmp_path), clip_in(tmp_path, "clip_l")
    model_2, clip_2 = lora.lora_loader(model, clip, "style.safetensors", 0.5, 2.0, folders=folders)
    assert clip_2 is not None
    change = weights_of(model_2.network)[f"{LAYER}.weight"] - weights_of(model.network)[f"{LAYER}.weight"]
    assert torch.allclose(change, 0.5 * drawn(32, 32, seed=2), atol=1e-6)
    assert lora.lora_loader_model_only(model, "style.safetensors", 0.5, folders=folders) == model_2
    assert lora.lora_loader(model, clip, "style.safetensors", 0.0, 0.0, folders=folders) == (model, clip)
    assert lora.lora_loader(model, clip, "style.safetensors", 0.0, 2.0, folders=folders) == (model, clip_2)


def test_a_missing_lora_is_an_error_on_its_name(tmp_path: Path, folders: ModelFolders) -> None:
    with pytest.raises(ModelFileNotFoundError, match=r"none\.safetensors") as caught:
        lora.lora_loader_model_only(model_in(tmp_path), "none.safetensors", folders=folders)
    assert caught.value.__notes__ == [f"{INPUT_NOTE}lora_name"]


def test_what_joins_the_key_follows_the_content_of_files(tmp_path: Path, folders: ModelFolders) -> None:
    assert lora.lora_digest(folders, "style.safetensors") is None
    assert lora.lora_digest(folders, None) is None
    lora_in(tmp_path / "loras", LORA, "style.safetensors")
    first = lora.lora_digest(folders, "style.safetensors")
    lora_in(tmp_path / "loras", {"other": torch.ones(1)}, "style.safetensors")
    assert None is not first != lora.lora_digest(folders, "style.safetensors")


def test_what_joins_the_key_of_a_prompt_is_the_content_of_its_embeddings(tmp_path: Path, folders: ModelFolders) -> None:
    assert text.embeddings_digest(folders, text="a embedding:ink", clip=None) == ""
    save_file({"emb_params": torch.ones(2, 16)}, tmp_path / "embeddings" / "ink.safetensors")
    digest = text.embeddings_digest(folders, text="a (embedding:ink, b:1.2)", clip=None)
    assert digest
    assert text.embeddings_digest(folders, text_g="a", text_l="embedding:ink") == digest
    assert text.embeddings_digest(folders, text="a", clip=None) == ""
    assert text.embeddings_digest(folders, text=None, clip=None) == digest  # it arrives by a link
    save_file({"emb_params": torch.zeros(2, 16)}, tmp_path / "embeddings" / "ink.safetensors")
    assert text.embeddings_digest(folders, text="embedding:ink", clip=None) != digest


def test_models_are_merged_by_their_shares(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    first, second = weights_of(one.network), weights_of(two.network)
    for made, own, other in (
        (merge.model_merge_simple(one, two, 0.3), 0.3, 0.7),
        (merge.model_merge_subtract(one, two, 2.0), 2.0, -2.0),
        (merge.model_merge_add(one, two), 1.0, 1.0),
    ):
        merged = weights_of(made.network)
        assert all(torch.allclose(merged[name], own * first[name] + other * second[name], atol=1e-5) for name in first)


def test_blocks_are_merged_by_their_own_shares(tmp_path: Path) -> None:
    one, two = model_in(tmp_path), model_in(tmp_path, seed=1)
    merged = weights_of(merge.model_merge_blocks(one, two, 0.1, 0.4, 0.8).network)
    first, second = weights_of(one.network), weights_of(two.network)
    for name, own in (("conv_in.weight", 0.1), (f"{LAYER}.weight", 0.4), ("conv_out.bias", 0.8)):
        assert torch.allclose(merged[name], own * first[name] + (1 - own) * second[name], atol=1e-6)


def test_text_encoders_are_merged_by_their_shares(tmp_path: Path) -> None:
    one, two = (clip_in(tmp_path, "clip_l", seed=seed) for seed in (0, 1))
    first, second = (weights_of(each.encoders[0]) for each in (one, two))
    for made, own, other in (
        (merge.clip_merge_simple(one, two, 0.3), 0.3, 0.7),
        (merge.clip_merge_subtract(one, two, 2.0), 2.0, -2.0),
        (merge.clip_merge_add(one, two), 1.0, 1.0),
    ):
        merged = weights_of(made.encoders[0])
        assert all(torch.allclose(merged[name], own * first[name] + other * second[name], atol=1e-5) for name in first)
