"""Checks a converted SmolLM2 folder against the GGUF file that it came from, with the gguf package and transformers.

Run: candor convert MODEL.gguf FOLDER --dtype bf16 && python tests/convert/peer/check_smollm2.py MODEL.gguf FOLDER
Needs: gguf, ml_dtypes, numpy, safetensors, tokenizers, torch, transformers.
"""
import sys

import gguf
import ml_dtypes
import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

NAMES = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
PARTS = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def hugging_face_name(name):
    if name in NAMES:
        return NAMES[name]
    _, layer, part, end = name.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.{end}"


def unpermute(values, heads):
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def check_tensors(reader, folder):
    tensors = load_file(f"{folder}/model.safetensors")
    heads = {"attn_q": reader.fields["llama.attention.head_count"].contents(),
             "attn_k": reader.fields["llama.attention.head_count_kv"].contents()}
    differing = elements = 0
    for source in reader.tensors:
        values = gguf.dequantize(source.data, source.tensor_type)
        values = values.reshape([int(n) for n in reversed(source.shape)])
        for part, count in heads.items():
            if f".{part}." in source.name:
                values = unpermute(values, count)
        wanted = values.astype(ml_dtypes.bfloat16).view(np.uint16)
        found = tensors.pop(hugging_face_name(source.name)).view(torch.uint16).numpy()
        differing += int((wanted != found).sum())
        elements += wanted.size
    assert not tensors, f"tensors nobody asked for: {sorted(tensors)}"
    print(f"tensors: {elements} elements, {differing} differ from gguf.dequantize rounded to bf16")
    assert differing == 0


def check_transformers(folder):
    config = AutoConfig.from_pretrained(folder)
    assert config.dtype == torch.bfloat16, config.dtype
    assert config.tie_word_embeddings and config.head_dim == 64
    tokenizer = AutoTokenizer.from_pretrained(folder)
    plain = Tokenizer.from_file(f"{folder}/tokenizer.json")
    texts = ["Hello, world!", "x = 1234567 + 89", "  two  spaces\n\n\ttab", "na\u00efve \u4e2d\u6587 \U0001f600\U0001f468\u200d\U0001f469"]
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        assert ids == plain.encode(text).ids, text
        assert tokenizer.decode(ids) == text, text
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "What is the capital of France?"}],
                                         add_generation_prompt=True, return_tensors="pt", return_dict=True)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.bfloat16
    answer = model.generate(**chat, max_new_tokens=24, do_sample=False)
    text = tokenizer.decode(answer[0][chat["input_ids"].shape[1]:])
    print("transformers answers:", repr(text))
    assert "Paris" in text


if __name__ == "__main__":
    check_tensors(gguf.GGUFReader(sys.argv[1]), sys.argv[2])
    check_transformers(sys.argv[2])
