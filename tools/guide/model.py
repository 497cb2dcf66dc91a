"""The Guide's network: BitNet b1.58 in small, in PyTorch.

Same graph as BitNet b1.58 2B4T (squared-ReLU gate, sub-norms before the output and down projections, grouped-query
attention, rotate-half RoPE, tied head). Every projection is ternary from the first step: the forward pass sees only
round(W / mean|W|) in {-1, 0, +1} and int8 activations with one scale per token; the backward pass treats both
roundings as the identity (straight-through), so the float32 master weights can learn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. All widths are multiples of 64."""

    vocab: int = 2048
    hidden: int = 256
    ffn: int = 768
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    theta: float = 10_000.0
    eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def ternary_codes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Absmean quantiser: codes in {-1, 0, +1} and their scale mean|W| (one scalar per matrix)."""
    mean = weight.abs().double().mean().float().clamp_min(1e-5)
    # Multiply by the inverse, as the published scheme does: dividing can differ in the last bit.
    return (weight * (1.0 / mean)).round().clamp(-1, 1), mean


class TernaryProducts(torch.autograd.Function):
    """Several ternary projections of one input, which is quantised once.

    The integers of both operands are exact in bfloat16, so `fast` may use bfloat16 products for training;
    evaluation runs them in float32, where every sum is an exact integer.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, fast: bool, *weights: Tensor) -> Tensor:  # type: ignore[override]
        kind = torch.bfloat16 if fast else torch.float32
        steps = x.abs().amax(-1, keepdim=True).clamp_min(1e-5).reciprocal() * 127.0
        q = (x * steps).round().to(kind)
        parts = [ternary_codes(w) for w in weights]
        codes = torch.cat([c for c, _ in parts]).to(kind)
        scale = torch.cat([m.expand(w.shape[0]) for (_, m), w in zip(parts, weights)])
        ctx.save_for_backward(q, steps, codes, scale)
        ctx.rows = [w.shape[0] for w in weights]
        return (q @ codes.T).float() / steps * scale

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        q, steps, codes, scale = ctx.saved_tensors
        grad_x = ((grad * scale).to(q.dtype) @ codes).float()
        # The layer saw x as q / steps; the weight's gradient is taken at that value.
        grad_w = ((grad / steps).to(q.dtype).T @ q).float()
        return grad_x, None, *grad_w.split(ctx.rows)


class RmsNorm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


class Projection(nn.Module):
    """Holds a master weight; the product itself is made by TernaryProducts, together with its siblings."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.04)


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        kv = shape.kv_heads * shape.head_dim
        self.q_proj = Projection(shape.hidden, shape.hidden)
        self.k_proj = Projection(shape.hidden, kv)
        self.v_proj = Projection(shape.hidden, kv)
        self.o_proj = Projection(shape.hidden, shape.hidden)
        self.attn_sub_norm = RmsNorm(shape.hidden, shape.eps)

    def forward(self, x: Tensor, rows: int, cos: Tensor, sin: Tensor, fast: bool) -> Tensor:
        s = self.shape
        joint = TernaryProducts.apply(x, fast, self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)
        joint = joint.view(rows, -1, s.heads + 2 * s.kv_heads, s.head_dim).transpose(1, 2)
        q, k, v = joint.split([s.heads, s.kv_heads, s.kv_heads], dim=1)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        group = s.heads // s.kv_heads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        # Rows are padded on the right only, so the causal mask alone keeps padding out of every real position.
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        out = out.transpose(1, 2).reshape(-1, s.hidden)
        return TernaryProducts.apply(self.attn_sub_norm(out), fast, self.o_proj.weight)


class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.ffn = shape.ffn
        self.gate_proj = Projection(shape.hidden, shape.ffn)
        self.up_proj = Projection(shape.hidden, shape.ffn)
        self.down_proj = Projection(shape.ffn, shape.hidden)
        self.ffn_sub_norm = RmsNorm(shape.ffn, shape.eps)

    def forward(self, x: Tensor, fast: bool) -> Tensor:
        gate, up = TernaryProducts.apply(x, fast, self.gate_proj.weight, self.up_proj.weight).split(self.ffn, -1)
        inner = self.ffn_sub_norm(F.relu(gate).square() * up)
        return TernaryProducts.apply(inner, fast, self.down_proj.weight)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RmsNorm(shape.hidden, shape.eps)
        self.mlp = Mlp(shape)

    def forward(self, x: Tensor, rows: int, cos: Tensor, sin: Tensor, fast: bool) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rows, cos, sin, fast)
        return x + self.mlp(self.post_attention_layernorm(x), fast)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE, rotate-half: the pairs are (i, i + head_dim / 2)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class Guide(nn.Module):
    """Parameter names are those of the published checkpoints, without the leading `model.`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab, shape.hidden)
        nn.init.normal_(self.embed_tokens.weight, std=0.04)
        self.layers = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RmsNorm(shape.hidden, shape.eps)

    def hidden_states(self, ids: Tensor, fast: bool = False) -> Tensor:
        """ids [rows, length] -> final normalised states [rows * length, hidden]."""
        rows, length = ids.shape
        s = self.shape
        inverse = s.theta ** -(torch.arange(0, s.head_dim, 2, dtype=torch.float32, device=ids.device) / s.head_dim)
        angles = torch.arange(length, dtype=torch.float32, device=ids.device)[:, None] * inverse
        cos, sin = angles.cos(), angles.sin()
        x = self.embed_tokens(ids).view(-1, s.hidden)
        for layer in self.layers:
            x = layer(x, rows, cos, sin, fast)
        return self.norm(x)

    def logits(self, states: Tensor, fast: bool = False) -> Tensor:
        if fast:
            return (states.bfloat16() @ self.embed_tokens.weight.bfloat16().T).float()
        return states @ self.embed_tokens.weight.T

    @torch.no_grad()
    def answer(self, prompt: list[int], stop: set[int], limit: int = 200) -> list[int]:
        """Greedy answer, recomputed from the start at every step: slow, simple, and used for checks only."""
        ids = list(prompt)
        for _ in range(limit):
            states = self.hidden_states(torch.tensor([ids]))
            token = int(self.logits(states[-1]).argmax())
            if token in stop:
                break
            ids.append(token)
        return ids[len(prompt):]
