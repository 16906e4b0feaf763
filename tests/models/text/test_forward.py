"""The forward pass beside transformers' own, on a tiny encoder."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nodebook.models.text.chunks import Chunk, Token, pack
from nodebook.models.text.forward import Reading, encode_chunks, positions, token_width
from nodebook.models.text.tokenizer import END, token_ids

TEXTS = ["a photo of a cat", "", "red " * 80]


def tiny(kind: str, *, activation: str = "quick_gelu") -> Any:
    import transformers

    config = transformers.CLIPTextConfig(
        vocab_size=49408,
        hidden_size=16,
        intermediate_size=32,
        projection_dim=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        hidden_act=activation,
        eos_token_id=END,
    )
    torch.manual_seed(0)
    module = getattr(transformers, kind)(config).eval()
    for parameter in module.parameters():
        parameter.data = torch.randn_like(parameter) * 0.3
    return module


def chunks_of(texts: list[str]) -> list[Chunk]:
    return [pack([[Token(each) for each in token_ids(text)]], pad=END)[0] for text in texts]


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_hidden_states_and_pooled_output_are_those_of_transformers(activation: str) -> None:
    module = tiny("CLIPTextModelWithProjection", activation=activation)
    chunks = chunks_of(TEXTS)
    ids = torch.tensor([[token.value for token in chunk] for chunk in chunks])
    with torch.no_grad():
        theirs = module(ids, output_hidden_states=True)
        last = encode_chunks(module, chunks, Reading(projected=True), pad=END)
        layers = [encode_chunks(module, chunks, Reading(layer, normed=False), pad=END) for layer in (-1, -2, -3)]
    assert torch.allclose(last.tokens, theirs.last_hidden_state, atol=1e-5)
    assert torch.allclose(last.pooled, theirs.text_embeds, atol=1e-5)
    for ours, expected in zip(layers, reversed(theirs.hidden_states[1:]), strict=True):
        assert torch.allclose(ours.tokens, expected, atol=1e-5)


def test_a_bare_encoder_gives_its_pooled_output_as_it_is() -> None:
    module = tiny("CLIPTextModel")
    chunks = chunks_of(TEXTS)
    ids = torch.tensor([[token.value for token in chunk] for chunk in chunks])
    with torch.no_grad():
        theirs = module(ids)
        ours = encode_chunks(module, chunks, Reading(), pad=END)
    assert torch.allclose(ours.pooled, theirs.pooler_output, atol=1e-5)
    assert (token_width(module), positions(module)) == (16, 77)


@torch.no_grad()
def test_the_final_normalisation_is_applied_where_asked_and_always_to_the_last() -> None:
    module = tiny("CLIPTextModelWithProjection")
    chunks = chunks_of(TEXTS)

    def tokens(reading: Reading) -> torch.Tensor:
        return encode_chunks(module, chunks, reading, pad=END).tokens

    norm = module.text_model.final_layer_norm
    assert torch.allclose(tokens(Reading(-2)), norm(tokens(Reading(-2, normed=False))), atol=1e-5)
    assert torch.equal(tokens(Reading(None, normed=False)), tokens(Reading(-1)))
    assert torch.equal(tokens(Reading(-4, normed=False)), tokens(Reading(-1)))  # it has three layers


@torch.no_grad()
def test_weights_in_half_precision_are_computed_in_single() -> None:
    module = tiny("CLIPTextModelWithProjection").half()
    made = encode_chunks(module, chunks_of(TEXTS), Reading(projected=True), pad=END)
    same = encode_chunks(module.float(), chunks_of(TEXTS), Reading(projected=True), pad=END)
    assert made.tokens.dtype == made.pooled.dtype == torch.float32
    assert torch.equal(made.tokens, same.tokens)
    assert torch.equal(made.pooled, same.pooled)


@torch.no_grad()
def test_a_vector_takes_the_place_of_its_token_and_one_of_another_width_that_of_padding() -> None:
    module = tiny("CLIPTextModel")
    body: Any = getattr(module, "text_model", module)
    row = body.embeddings.token_embedding.weight[2368]

    def encode(values: list[Any]) -> torch.Tensor:
        return encode_chunks(module, pack([[Token(each) for each in values]], pad=0), Reading(), pad=0).tokens

    assert torch.equal(encode([320, row, 1125]), encode([320, 2368, 1125]))
    assert torch.equal(encode([320, torch.ones(5), 1125]), encode([320, 0, 1125]))
