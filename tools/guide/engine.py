"""A second, independent way to run the exported Guide: plain numpy on the packed file, with int8 activations and exact sums.

It shares no code with model.py or export.py on purpose, so that agreement between the two means something.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

F32 = np.float32
Array = NDArray[np.float32]
Cache = list[tuple[Array, Array]]


def read_safetensors(path: Path) -> dict[str, NDArray]:
    blob = path.read_bytes()
    size, = struct.unpack_from("<Q", blob)
    out: dict[str, NDArray] = {}
    for name, info in json.loads(blob[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        raw = blob[8 + size + begin:8 + size + end]
        if info["dtype"] == "BF16":
            value = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(F32)
        else:
            assert info["dtype"] == "U8", info["dtype"]
            value = np.frombuffer(raw, "u1")
        out[name] = value.reshape(info["shape"])
    return out


class Engine:
    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.stop = set(json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))["eos_token_id"])
        self.tensors = read_safetensors(folder / "model.safetensors")
        self.codes: dict[str, NDArray[np.float64]] = {}
        for name, value in self.tensors.items():
            if value.dtype == np.uint8:
                rows = np.concatenate([(value >> shift) & 3 for shift in (0, 2, 4, 6)])
                assert rows.max() <= 2, f"{name} holds an invalid code"
                # float64 products of small integers are exact
                self.codes[name] = rows.T.astype(np.float64) - 1
        self.heads = self.config["num_attention_heads"]
        self.kv = self.config["num_key_value_heads"]
        self.dim = self.config["hidden_size"] // self.heads

    def norm(self, x: Array, name: str) -> Array:
        r = F32(1) / np.sqrt(np.mean(x * x, -1, keepdims=True, dtype=F32) + F32(self.config["rms_norm_eps"]))
        return self.tensors[name + ".weight"] * (x * r)

    def linear(self, x: Array, name: str) -> Array:
        # The published scheme evaluates 127 / m as (1 / m) * 127, and rounds half to even.
        s = F32(1) / np.maximum(np.abs(x).max(-1, keepdims=True), F32(1e-5)) * F32(127)
        q = np.clip(np.rint(x * s), -128, 127)
        exact = q.astype(np.float64) @ self.codes[name + ".weight"]
        return exact.astype(F32) / s * self.tensors[name + ".weight_scale"][0]

    def rope(self, x: Array, positions: NDArray) -> Array:
        inverse = (1 / F32(self.config["rope_theta"]) ** (np.arange(0, self.dim, 2, dtype=F32) / F32(self.dim))).astype(F32)
        angle = positions[:, None].astype(F32) * inverse
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        a, b = x[..., :self.dim // 2], x[..., self.dim // 2:]
        return np.concatenate([a * c - b * s, b * c + a * s], -1)

    def forward(self, ids: list[int], cache: Cache) -> Array:
        """Logits of the last position; the cache (empty at first) is extended in place."""
        past = cache[0][0].shape[0] if cache else 0
        at = np.arange(past, past + len(ids))
        x = self.tensors["model.embed_tokens.weight"][np.array(ids)]
        grown: Cache = []
        for i in range(self.config["num_hidden_layers"]):
            p = f"model.layers.{i}."
            h = self.norm(x, p + "input_layernorm")
            q, k, v = (self.linear(h, f"{p}self_attn.{n}_proj").reshape(len(ids), -1, self.dim) for n in "qkv")
            q, k = self.rope(q, at), self.rope(k, at)
            if cache:
                k, v = np.concatenate([cache[i][0], k]), np.concatenate([cache[i][1], v])
            grown.append((k, v))
            out = np.empty_like(q)
            hidden = np.arange(len(k))[None, :] > at[:, None]
            for j in range(self.heads):
                score = q[:, j] @ k[:, j // (self.heads // self.kv)].T * F32(self.dim ** -0.5)
                score[hidden] = -np.inf
                e = np.exp(score - score.max(-1, keepdims=True))
                out[:, j] = e / e.sum(-1, keepdims=True) @ v[:, j // (self.heads // self.kv)]
            x = x + self.linear(self.norm(out.reshape(len(ids), -1), p + "self_attn.attn_sub_norm"), p + "self_attn.o_proj")
            h = self.norm(x, p + "post_attention_layernorm")
            f = np.square(np.maximum(self.linear(h, p + "mlp.gate_proj"), 0)) * self.linear(h, p + "mlp.up_proj")
            x = x + self.linear(self.norm(f, p + "mlp.ffn_sub_norm"), p + "mlp.down_proj")
        cache[:] = grown
        return self.norm(x[-1:], "model.norm")[0] @ self.tensors["model.embed_tokens.weight"].T

    def answer(self, prompt: list[int], limit: int = 200) -> list[int]:
        """Greedy."""
        cache: Cache = []
        logits = self.forward(prompt, cache)
        out: list[int] = []
        while len(out) < limit:
            token = int(logits.argmax())
            if token in self.stop:
                break
            out.append(token)
            logits = self.forward([token], cache)
        return out
