"""Writes the tiny fixed-seed models of this folder and what transformers computes with them.

    python make_golden.py            (torch, transformers, tokenizers, safetensors, gguf, numpy)

Each folder holds a bf16 checkpoint, its config.json and expected.safetensors:
    tokens          [T]     i32   the input
    logits_f32      [R, V]  f32   last R rows, transformers with the bf16 weights widened to f32
    logits_bf16     [R, V]  f32   the same rows, transformers in bf16
    greedy          [16]    i32   continuation by largest f32 logit
The f32 model is loaded from the saved files with dtype=float32: a model that was converted in memory has rounded
rotary buffers.
"""

import json
import pathlib
import shutil

import gguf
import gguf.quants
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config

HERE = pathlib.Path(__file__).parent
GREEDY = 16

CASES = {
    # name: (configuration class, fields, tokens, rows kept, spelling of the rotary settings)
    "gqa_tied": (LlamaConfig, dict(
        hidden_size=64, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=96,
        vocab_size=291, tie_word_embeddings=True, rms_norm_eps=1e-5, max_position_embeddings=256,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}), 40, 40, "rope_parameters"),
    "wide_heads": (LlamaConfig, dict(
        hidden_size=40, num_attention_heads=5, num_key_value_heads=1, head_dim=16, num_hidden_layers=2,
        intermediate_size=56, vocab_size=101, attention_bias=True, rms_norm_eps=1e-6, max_position_embeddings=128,
        hidden_act="gelu", rope_parameters={"rope_type": "default", "rope_theta": 500.0}), 33, 33, "rope_theta"),
    "llama3_scaling": (LlamaConfig, dict(
        hidden_size=72, num_attention_heads=6, num_key_value_heads=3, num_hidden_layers=3, intermediate_size=100,
        vocab_size=97, attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5, max_position_embeddings=1024,
        rope_parameters={"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 128}), 600, 8, "rope_theta"),
    "linear_scaling": (LlamaConfig, dict(
        hidden_size=48, num_attention_heads=4, num_key_value_heads=4, num_hidden_layers=2, intermediate_size=80,
        vocab_size=64, hidden_act="gelu_pytorch_tanh", rms_norm_eps=1e-5, max_position_embeddings=512,
        rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}), 64, 64, "type"),
    "llama3_parameters": (LlamaConfig, dict(
        hidden_size=64, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=2, intermediate_size=96,
        vocab_size=80, rms_norm_eps=1e-5, max_position_embeddings=256, hidden_act="relu",
        rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 64}), 90, 30, "rope_parameters"),
    "qwen2": (Qwen2Config, dict(
        hidden_size=56, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=88,
        vocab_size=120, tie_word_embeddings=True, rms_norm_eps=1e-6, max_position_embeddings=128,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}), 48, 48, "rope_parameters"),
    "mistral": (MistralConfig, dict(
        hidden_size=32, num_attention_heads=2, num_key_value_heads=1, head_dim=32, num_hidden_layers=1,
        intermediate_size=48, vocab_size=64, sliding_window=None, rms_norm_eps=1e-5, max_position_embeddings=64,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}), 20, 20, "rope_theta"),
}


def fill(model, generator):
    """Weights of a spread that makes attention peaked and logits of a few units, rounded to bf16."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("norm.weight"):
                value = 1 + 0.25 * noise
            elif parameter.dim() == 1:
                value = 0.2 * noise
            elif "embed_tokens" in name:
                value = 0.5 * noise
            else:
                value = 1.2 * noise / parameter.shape[1] ** 0.5
            parameter.copy_(value.to(torch.bfloat16).float())


def respell(folder, spelling):
    """Rewrites the rotary settings the way older files have them."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.get("rope_parameters")
    if spelling != "rope_parameters":
        del config["rope_parameters"]
        config["rope_theta"] = rope.pop("rope_theta")
        kind = rope.pop("rope_type")
        config["rope_scaling"] = None if kind == "default" else {
            ("type" if spelling == "type" else "rope_type"): kind, **rope}
        config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def expected(folder, tokens, rows):
    ids = torch.tensor([tokens])
    with torch.no_grad():
        f32 = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        bf16 = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="eager").eval()
        logits_f32 = f32(ids).logits[0, -rows:].float()
        logits_bf16 = bf16(ids).logits[0, -rows:].float()
        text = list(tokens)
        for _ in range(GREEDY):
            text.append(int(f32(torch.tensor([text])).logits[0, -1].argmax()))
    save_file({"tokens": torch.tensor(tokens, dtype=torch.int32), "logits_f32": logits_f32.contiguous(),
               "logits_bf16": logits_bf16.contiguous(),
               "greedy": torch.tensor(text[len(tokens):], dtype=torch.int32)}, folder / "expected.safetensors")
    error = (logits_bf16 - logits_f32).abs().mean().item()
    print(f"{folder.name}: largest {logits_f32.abs().max():.3f}, bf16 mean error {error:.5f}, greedy {text[len(tokens):]}")


def make(name, index):
    kind, fields, count, rows, spelling = CASES[name]
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    config = kind(**fields, bos_token_id=None, eos_token_id=2, pad_token_id=None)
    generator = torch.Generator().manual_seed(1000 + index)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    fill(model, generator)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokens = torch.randint(3, fields["vocab_size"], (count,), generator=generator).tolist()
    expected(folder, tokens, rows)
    respell(folder, spelling)


def make_tokenizer(folder):
    """Byte-level BPE: 256 bytes, 30 merges, three control tokens; ids 289 and 290 stay empty."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: 3 + i for i, character in enumerate(alphabet)}
    merges = []
    for pair in ["t h", "i n", "e r", "a n", "o n", "th e", "Ġ th", "Ġ a", "in g", "Ġ in"]:
        left, right = pair.split(" ")
        merges.append((left, right))
        vocabulary.setdefault(left + right, len(vocabulary) + 3)
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE(vocab={**{s: i for i, s in enumerate(specials)}, **vocabulary}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(specials)
    tokenizer.save(str(folder / "tokenizer.json"))
    template = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + "
                "'<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": "<|im_start|>", "eos_token": {"content": "<|im_end|>"}, "chat_template": template}, indent=2) + "\n")


LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def gguf_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem in NAMES:
        return f"{NAMES[stem]}.{kind}"
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{LAYER_NAMES[rest]}.{kind}"


def permute(tensor, heads):
    """Rows of each head from halves to neighbouring pairs, as GGUF's llama stores Q and K."""
    return tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(tensor.shape)


def rope_divisors(rope, head_dim):
    base = rope["rope_theta"] ** (torch.arange(0, head_dim, 2).float() / head_dim)
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    wavelength = 2 * np.pi * base
    ramp = (rope["original_max_position_embeddings"] / wavelength - rope["low_freq_factor"]) / (
        rope["high_freq_factor"] - rope["low_freq_factor"])
    mixed = 1 / ((1 - ramp) / rope["factor"] + ramp)
    return torch.where(wavelength < high, torch.ones_like(base),
                       torch.where(wavelength > low, torch.full_like(base, rope["factor"]), mixed)).float().numpy()


def add_tokenizer(writer, folder, size):
    """The folder's tokenizer as GGUF metadata; ids without a token get an unused name."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokens, types = [f"[unused{i}]" for i in range(size)], [gguf.TokenType.UNUSED] * size
    for token, i in tokenizer["model"]["vocab"].items():
        tokens[i], types[i] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        types[added["id"]] = gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(json.loads((folder / "tokenizer_config.json").read_text())["chat_template"])


def add_matrix(writer, name, tensor, blocks):
    """bf16, or the block format that `blocks` gives this name."""
    kind = blocks(name)
    if kind is None:
        bits = tensor.contiguous().view(torch.uint16).numpy()
        writer.add_tensor(name, bits.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    else:
        writer.add_tensor(name, gguf.quants.quantize(tensor.float().numpy(), kind), raw_dtype=kind)


def make_gguf(name, architecture, file=None, blocks=lambda name: None):
    """The same weights as a GGUF file beside the folder."""
    _, fields, _, _, _ = CASES[name]
    heads, kv_heads = fields["num_attention_heads"], fields["num_key_value_heads"]
    head_dim = fields.get("head_dim", fields["hidden_size"] // heads)
    writer = gguf.GGUFWriter(HERE / f"{file or name}.gguf", architecture)
    writer.add_name(name)
    writer.add_context_length(fields["max_position_embeddings"])
    writer.add_embedding_length(fields["hidden_size"])
    writer.add_block_count(fields["num_hidden_layers"])
    writer.add_feed_forward_length(fields["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(fields["rms_norm_eps"])
    writer.add_rope_freq_base(fields["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(head_dim)
    if fields["rope_parameters"]["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_divisors(fields["rope_parameters"], head_dim))
    for tensor_name, tensor in load_file(HERE / name / "model.safetensors").items():
        if architecture == "llama" and ".q_proj." in tensor_name:
            tensor = permute(tensor, heads)
        if architecture == "llama" and ".k_proj." in tensor_name:
            tensor = permute(tensor, kv_heads)
        if tensor.dim() == 1:
            writer.add_tensor(gguf_name(tensor_name), tensor.float().numpy())
        else:
            add_matrix(writer, gguf_name(tensor_name), tensor, blocks)
    if (HERE / name / "tokenizer.json").exists():
        add_tokenizer(writer, HERE / name, fields["vocab_size"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for i, case in enumerate(CASES):
        make(case, i)
    make_tokenizer(HERE / "gqa_tied")
    make_gguf("llama3_scaling", "llama")
    make_gguf("qwen2", "qwen2")
    make_gguf("gqa_tied", "llama", "blocks", lambda name: gguf.GGMLQuantizationType.Q8_0 if name == "token_embd.weight"
              else gguf.GGMLQuantizationType.Q4_1)
