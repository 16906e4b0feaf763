"""The forward pass of a CLIP text encoder over transformers' modules, with vectors in place of tokens where asked.

Everything is computed in float32 whatever dtype the weights are in, and the mask is causal only. Written over the
modules' weights, whose names have been the same in all versions of transformers, unlike their ``forward``. Source:
Radford et al., Learning Transferable Visual Models From Natural Language Supervision (2021); spec models.md G.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its usual name

from nodebook.models.text.chunks import Chunk
from nodebook.models.text.tokenizer import END


@dataclass(frozen=True, slots=True)
class Reading:
    """Which of an encoder's outputs a family of models wants."""

    layer: int | None = None
    """-1 is the output of the last layer, -2 of the one before; None the last one's with the final normalisation."""

    normed: bool = True
    """Whether the final normalisation is applied to the layer's output. Always, where ``layer`` is None."""

    projected: bool = False
    """Whether the pooled output is multiplied by the encoder's text projection."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an encoder makes of a batch of chunks: ``tokens`` [B, T, C] and ``pooled`` [B, P], float32."""

    tokens: Tensor
    pooled: Tensor


def encode_chunks(module: nn.Module, chunks: Sequence[Chunk], reading: Reading, *, pad: int) -> Encoded:
    """Return the outputs of an encoder for chunks of one length.

    A layer that the encoder does not have means its last. ``pad`` takes the place of vectors of another width than the
    encoder's. The pooled output is the last layer's, normalised, at the first end token.
    """
    body: Any = getattr(module, "text_model", module)  # transformers 5.6 flattens CLIPTextModel
    layers = body.encoder.layers
    wanted = None if reading.layer is None or -reading.layer > len(layers) else len(layers) + reading.layer
    hidden = _embed(body.embeddings, chunks, pad)
    chosen = hidden
    for index, layer in enumerate(layers):
        hidden = _layer(layer, hidden)
        if index == wanted:
            chosen = hidden
    last = _norm(body.final_layer_norm, hidden)
    if wanted is None:
        chosen = last
    elif reading.normed:
        chosen = _norm(body.final_layer_norm, chosen)
    ends = torch.tensor([_first_end(chunk) for chunk in chunks], device=last.device)
    pooled = last[torch.arange(len(chunks), device=last.device), ends]
    if reading.projected:
        projection: Any = getattr(module, "text_projection", None)
        pooled = _linear(projection, pooled) if isinstance(projection, nn.Linear) else pooled
    return Encoded(chosen, pooled)


def token_width(module: nn.Module) -> int:
    """Return the width of the vectors that an encoder reads."""
    return int(_embeddings(module).token_embedding.weight.shape[1])


def positions(module: nn.Module) -> int:
    """Return the length of the chunks that an encoder reads: 77, but more for Long-CLIP."""
    return int(_embeddings(module).position_embedding.weight.shape[0])


def _embeddings(module: nn.Module) -> Any:
    body: Any = getattr(module, "text_model", module)
    return body.embeddings


def _embed(embeddings: Any, chunks: Sequence[Chunk], pad: int) -> Tensor:
    """Return the sum of token and position embeddings, [B, T, C]."""
    table: Tensor = embeddings.token_embedding.weight
    ids = [[token.value if isinstance(token.value, int) else pad for token in chunk] for chunk in chunks]
    tokens = F.embedding(torch.tensor(ids, device=table.device), table).float()
    for row, chunk in enumerate(chunks):
        for column, token in enumerate(chunk):
            if isinstance(token.value, Tensor) and token.value.shape == table.shape[1:]:
                tokens[row, column] = token.value.to(tokens)
    where: Tensor = embeddings.position_embedding.weight
    return tokens + where[: tokens.shape[1]].float()


def _layer(layer: Any, hidden: Tensor) -> Tensor:
    hidden = hidden + _attention(layer.self_attn, _norm(layer.layer_norm1, hidden))
    inner = _linear(layer.mlp.fc1, _norm(layer.layer_norm2, hidden))
    return hidden + _linear(layer.mlp.fc2, layer.mlp.activation_fn(inner))


def _attention(attention: Any, hidden: Tensor) -> Tensor:
    def heads(projection: nn.Linear) -> Tensor:
        return _linear(projection, hidden).reshape(*hidden.shape[:2], attention.num_heads, -1).transpose(1, 2)

    query, key, value = (heads(each) for each in (attention.q_proj, attention.k_proj, attention.v_proj))
    mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    return _linear(attention.out_proj, mixed.transpose(1, 2).flatten(-2))


def _linear(layer: nn.Linear, hidden: Tensor) -> Tensor:
    bias: Tensor | None = layer.bias
    return F.linear(hidden, layer.weight.float(), None if bias is None else bias.float())


def _norm(norm: nn.LayerNorm, hidden: Tensor) -> Tensor:
    return F.layer_norm(hidden, norm.normalized_shape, norm.weight.float(), norm.bias.float(), norm.eps)


def _first_end(chunk: Chunk) -> int:
    return next((index for index, token in enumerate(chunk) if isinstance(token.value, int) and token.value == END), -1)
