"""Makes the golden files of tests/convert with the reference packages: gguf, tokenizers, safetensors, ml_dtypes, numpy.

Run: python tests/convert/golden/make_fixtures.py   (writes beside itself; the files are committed)

Each pre-tokenizer gets a tiny model: NAME.gguf as llama.cpp's converter would write it, NAME.safetensors with the
tensors as Hugging Face has them, and in expectations.json the ids that Hugging Face's own pipeline gives to each text.
"""
import json
import pathlib

import gguf
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"\p{N}{1,3}" + REST
QWEN2 = CONTRACTIONS + r"\p{N}" + REST

TEXTS = [
    "Hello, world!", "It's we'll THEY'RE I'D can't", "1234567890 12 3", "x=42;y=3.14\n\treturn x\r\n",
    "  leading and trailing  ", "\n\n\n", " ", "", "\t\t tabs\u00a0and\u3000wide", "na\u00efve caf\u00e9 \u00c5ngstr\u00f6m",
    "e\u0301 A\u030a combining", "\u4e2d\u6587\u5b57\u7b26 \u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea", "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7", "\u0661\u0662\u0663 \u00bd \u2167 x\u00b2",
    "<|im_start|>user\nhi<|im_end|>", "a<|endoftext|>b", "<user> and <|im_start", "for (int i = 0; i < n; ++i) { s += a[i]; } // sum",
    "the the theory thesis then", "'S'T'LL \u017f", "...!!!???", "a\u0085b\u000bc\u2028d",
]
CORPUS = TEXTS * 4 + ["the quick brown fox jumps over the lazy dog and then the end"] * 20
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
USER_DEFINED = ["<user>"]


def pipeline(pre):
    """Normaliser, pre-tokenizer and whether merges are ignored, as the published tokenizer.json files have them."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if pre == "smollm":
        return None, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level]), False
    if pre == "gpt2":
        return None, byte_level, False
    pattern = QWEN2 if pre == "qwen2" else LLAMA3
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False)
    normalizer = normalizers.NFC() if pre == "qwen2" else None
    return normalizer, pre_tokenizers.Sequence([split, bytes_only]), pre == "llama-bpe"


def make_tokenizer(pre):
    normalizer, pre_tokenizer, ignore_merges = pipeline(pre)
    trained = Tokenizer(models.BPE())
    if normalizer:
        trained.normalizer = normalizer
    trained.pre_tokenizer = pre_tokenizer
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(merge) for merge in model["merges"]]
    for left, right in (("1", "2"), ("3", "4"), ("12", "34")):  # what only some ways of splitting digits may join
        if left + right not in vocab:
            vocab[left + right] = len(vocab)
            merges.append((left, right))
    if ignore_merges:  # a word that no sequence of merges reaches: only ignore_merges finds it
        assert "\u0120theory" not in vocab
        vocab["\u0120theory"] = len(vocab)
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(USER_DEFINED)
    if pre == "llama-bpe":
        bos = SPECIAL[0]
        template = processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1",
                                                 special_tokens=[(bos, tokenizer.token_to_id(bos))])
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer, merges


def permute(values, heads):
    """What llama.cpp's converter does to Q and K."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def llama3_divisors(base, dim, factor, low, high, context):
    out = []
    for i in range(0, dim, 2):
        frequency = np.float32(1.0 / base ** (i / dim))
        length = 2 * np.pi / frequency
        if length < context / high:
            out.append(1)
        elif length > context / low:
            out.append(factor)
        else:
            smooth = (context / length - low) / (high - low)
            out.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(out, dtype=np.float32)


def make_model(pre, vocabulary, rng):
    """Tensors by Hugging Face's names: hidden 32, 2 layers, 4 heads of 8, 2 key/value heads."""
    hidden, heads, kv_heads, dim, inner = 32, 4, 2, 8, 64
    tensors = {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    if pre in ("gpt2", "llama-bpe"):
        tensors["lm_head.weight"] = (vocabulary, hidden)
    for layer in range(2):
        shapes = {"input_layernorm.weight": (hidden,), "post_attention_layernorm.weight": (hidden,),
                  "self_attn.q_proj.weight": (heads * dim, hidden), "self_attn.k_proj.weight": (kv_heads * dim, hidden),
                  "self_attn.v_proj.weight": (kv_heads * dim, hidden), "self_attn.o_proj.weight": (hidden, heads * dim),
                  "mlp.gate_proj.weight": (inner, hidden), "mlp.up_proj.weight": (inner, hidden),
                  "mlp.down_proj.weight": (hidden, inner)}
        if pre in ("qwen2", "gpt2"):
            shapes |= {"self_attn.q_proj.bias": (heads * dim,), "self_attn.k_proj.bias": (kv_heads * dim,),
                       "self_attn.v_proj.bias": (kv_heads * dim,)}
        if pre == "gpt2":
            shapes["self_attn.o_proj.bias"] = (hidden,)
        tensors |= {f"model.layers.{layer}.{name}": shape for name, shape in shapes.items()}
    return {name: rng.standard_normal(shape, dtype=np.float32) * np.float32(0.05) for name, shape in tensors.items()}


GGUF_PARTS = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
              "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
GGUF_NAMES = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
              "lm_head.weight": "output.weight"}


def gguf_name(name):
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, part = name.split(".", 3)
    part, end = part.rsplit(".", 1)
    return f"blk.{layer}.{GGUF_PARTS[part]}.{end}"


def add_metadata(writer, architecture, tokenizer, merges, pre):
    writer.add_name(f"tiny {pre}")
    writer.add_type("model")
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(500000.0 if pre == "llama-bpe" else 10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    if architecture == "llama":
        writer.add_rope_dimension_count(8)
        writer.add_vocab_size(tokenizer.get_vocab_size())
    kinds = gguf.TokenType
    names = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    types = [kinds.CONTROL if n in SPECIAL else kinds.USER_DEFINED if n in USER_DEFINED else kinds.NORMAL for n in names]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(names)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(tokenizer.token_to_id("<|endoftext|>"))
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")


def stored(name, values, pre):
    """How a GGUF of this fixture holds a tensor: (raw bytes, type, the values it stands for)."""
    kinds = gguf.GGMLQuantizationType
    kind = kinds.F32
    if pre == "smollm" and values.ndim == 2:
        kind = kinds.Q8_0 if "embed" in name else kinds.Q4_1 if "mlp" in name else kinds.F16
    if pre == "qwen2" and values.ndim == 2:
        kind = kinds.BF16
    data = gguf.quantize(values, kind)
    return data, kind, gguf.dequantize(data, kind).reshape(values.shape)


def make_fixture(pre, rng):
    tokenizer, merges = make_tokenizer(pre)
    architecture = "qwen2" if pre == "qwen2" else "llama"
    writer = gguf.GGUFWriter(HERE / f"{pre}.gguf", architecture)
    add_metadata(writer, architecture, tokenizer, merges, pre)
    if pre == "llama-bpe":
        writer.add_tensor("rope_freqs.weight", llama3_divisors(500000.0, 8, 8.0, 1.0, 4.0, 8192))
    expected = {}
    for name, values in make_model(pre, tokenizer.get_vocab_size(), rng).items():
        heads = 4 if ".q_proj." in name else 2 if ".k_proj." in name else 0
        data, kind, meaning = stored(name, permute(values, heads) if heads and architecture == "llama" else values, pre)
        writer.add_tensor(gguf_name(name), data, raw_dtype=kind)
        if heads and architecture == "llama":  # rounding to a 16-bit type is per element: undoing it is exact
            half = meaning.shape[0] // heads // 2
            meaning = meaning.reshape(heads, half, 2, *meaning.shape[1:]).swapaxes(1, 2).reshape(meaning.shape)
        expected[name] = meaning.astype(ml_dtypes.bfloat16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, HERE / f"{pre}.safetensors", metadata={"format": "pt"})
    return {"ids": [tokenizer.encode(text).ids for text in TEXTS]}


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    ids = {pre: make_fixture(pre, generator) for pre in ("smollm", "gpt2", "qwen2", "llama-bpe")}
    (HERE / "expectations.json").write_text(json.dumps({"texts": TEXTS, "pre": ids}, separators=(",", ":")) + "\n")
