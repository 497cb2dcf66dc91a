"""Writes a trained Guide as a packed BitNet checkpoint, the folder form of microsoft/bitnet-b1.58-2B-4T.

    python tools/guide/export.py [--checkpoint tools/guide/out/guide.pt] [--to assets/guide]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from model import Guide, Shape, ternary_codes
from tokens import CHAT_TEMPLATE, SPECIALS, Chat
from train import OUT

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "guide"
CONTEXT = 512


def load(checkpoint: Path) -> Guide:
    saved = torch.load(checkpoint, map_location="cpu")
    model = Guide(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def pack(codes: Tensor) -> Tensor:
    """Codes [out, in] -> bytes [out / 4, in]: a byte holds four rows that lie a quarter of the matrix apart."""
    quarters = (codes + 1).to(torch.uint8).view(4, codes.shape[0] // 4, codes.shape[1])
    return quarters[0] | quarters[1] << 2 | quarters[2] << 4 | quarters[3] << 6


def tensors(model: Guide) -> dict[str, Tensor]:
    out: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if "_proj" in name:
            codes, scale = ternary_codes(value)
            out[f"model.{name}"] = pack(codes)
            out[f"model.{name}_scale"] = scale.view(1).bfloat16()
        else:
            out[f"model.{name}"] = value.bfloat16()
    return {k: v.contiguous() for k, v in sorted(out.items())}


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def export(model: Guide, chat: Chat, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    s = model.shape
    save_file(tensors(model), to / "model.safetensors", metadata={"format": "pt"})
    write_json(to / "config.json", {
        "architectures": ["BitNetForCausalLM"], "bos_token_id": chat.bos, "eos_token_id": chat.end, "hidden_act": "relu2",
        "hidden_size": s.hidden, "initializer_range": 0.02, "intermediate_size": s.ffn, "max_position_embeddings": CONTEXT,
        "model_type": "bitnet", "rms_norm_eps": s.eps, "num_attention_heads": s.heads, "num_hidden_layers": s.layers,
        "num_key_value_heads": s.kv_heads, "rope_theta": s.theta, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
        "use_cache": True, "vocab_size": s.vocab,
        "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "offline"}})
    # Greedy by default: the Guide recites what it has learned, and chance would only make it worse.
    write_json(to / "generation_config.json", {
        "bos_token_id": chat.bos, "eos_token_id": [chat.end, chat.eot], "do_sample": False, "max_length": CONTEXT})
    write_json(to / "special_tokens_map.json", {"bos_token": SPECIALS[0], "eos_token": SPECIALS[1]})
    added = {str(chat.tok.token_to_id(t)): {"content": t, "lstrip": False, "normalized": False, "rstrip": False,
                                            "single_word": False, "special": True} for t in SPECIALS}
    write_json(to / "tokenizer_config.json", {
        "added_tokens_decoder": added, "bos_token": SPECIALS[0], "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False, "eos_token": SPECIALS[2],
        "model_input_names": ["input_ids", "attention_mask"], "model_max_length": CONTEXT,
        "tokenizer_class": "PreTrainedTokenizerFast"})
    chat.tok.save(str(to / "tokenizer.json"), pretty=False)


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--checkpoint", type=Path, default=OUT / "guide.pt")
    ap.add_argument("--to", type=Path, default=ASSETS)
    args = ap.parse_args()
    export(load(args.checkpoint), Chat.load(args.checkpoint.parent / "tokenizer.json"), args.to)
    sizes = {p.name: p.stat().st_size for p in sorted(args.to.iterdir()) if p.is_file()}
    print(sizes, "total", sum(sizes.values()))


if __name__ == "__main__":
    main()
