"""Checks the converted golden models with Hugging Face: the ids of tokenizers and what transformers loads.

Run: for NAME in smollm gpt2 qwen2 llama-bpe: candor convert tests/convert/golden/NAME.gguf FOLDER/NAME --dtype bf16;
     then python tests/convert/peer/check_tiny_models.py FOLDER
"""
import json
import pathlib
import sys

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"


def check(folder, texts, expected):
    plain = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text, ids in zip(texts, expected, strict=True):
        assert plain.encode(text).ids == ids, (folder.name, text, plain.encode(text).ids, ids)
    auto = AutoTokenizer.from_pretrained(folder)
    for text, ids in zip(texts, expected, strict=True):
        assert auto(text)["input_ids"] == ids, (folder.name, text)
    assert auto.eos_token == "<|im_end|>" and auto.bos_token == "<|endoftext|>"
    assert auto.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False) == "x"
    config = AutoConfig.from_pretrained(folder)
    assert config.dtype == torch.bfloat16 and config.head_dim == 8 if hasattr(config, "head_dim") else True
    model, loading = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), loading
    ids = torch.tensor([[1, 2, 3]])
    assert torch.isfinite(model(ids).logits).all()
    print(folder.name, "tied" if config.tie_word_embeddings else "untied", config.rope_parameters)


if __name__ == "__main__":
    expectations = json.loads((GOLDEN / "expectations.json").read_text())
    for pre, values in expectations["pre"].items():
        check(pathlib.Path(sys.argv[1]) / pre, expectations["texts"], values["ids"])
