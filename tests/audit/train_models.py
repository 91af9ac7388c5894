#!/usr/bin/env python3
"""Trains a small language model in plain NumPy, in f32 and in bf16, and writes checkpoints of known history.

    train_models.py FOLDER [STEPS]

The model predicts a token from the four before it: embedding, two layers with RMS norms and biases, output layer; about a
million parameters. Its language has 480 of 512 tokens: 32 rows of the embedding are never seen. Written are: the weights as
trained (f32), rounded to bf16 in all the ways that the audit tells apart, trained with bf16 weights, merged with a low-rank
update, and averaged. The same seed gives the same weights on one machine; the audit must be right on any.
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np

VOCABULARY, SEEN, CONTEXT, CHANNELS, HIDDEN, BATCH = 512, 480, 4, 128, 512, 128
RATE, BETA1, BETA2, DECAY = 2e-3, 0.9, 0.99, 0.01


def to_bf16(x):
    """Codes, to nearest, ties to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def from_bf16(codes):
    return (codes.astype(np.uint32) << 16).view(np.float32)


def rounded(x):
    return from_bf16(to_bf16(x))


def truncated(x):
    return (np.ascontiguousarray(x, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def through_f16(x):
    return x.astype(np.float16).astype(np.float32)


def save(path, tensors):
    """tensors: name -> f32 array, or uint16 array of bf16 codes."""
    header, data = {}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        dtype = "BF16" if array.dtype == np.uint16 else "F32"
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64 + 56)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def language(random, count):
    """Tokens of a Markov chain over the seen part of the vocabulary: 8 likely successors for each of 64 states."""
    successors = random.integers(0, SEEN, (64, 8))
    tokens = np.zeros(count, np.int64)
    choices, noise = random.integers(0, 8, count), random.random(count)
    for i in range(2, count):
        state = tokens[i - 1] % 32 * 2 + tokens[i - 2] % 2
        tokens[i] = successors[state, choices[i]] if noise[i] < 0.9 else random.integers(0, SEEN)
    return tokens


def initial(random):
    def normal(*shape, scale=0.02):
        return (random.standard_normal(shape) * scale).astype(np.float32)

    return {
        "embed.weight": normal(VOCABULARY, CHANNELS),
        "layers.0.weight": normal(HIDDEN, CONTEXT * CHANNELS), "layers.0.bias": np.zeros(HIDDEN, np.float32),
        "layers.0.norm.weight": np.ones(HIDDEN, np.float32),
        "layers.1.weight": normal(HIDDEN, HIDDEN), "layers.1.bias": np.zeros(HIDDEN, np.float32),
        "layers.1.norm.weight": np.ones(HIDDEN, np.float32),
        "output.weight": normal(VOCABULARY, HIDDEN),
    }


def rms_forward(x, gain):
    scale = 1 / np.sqrt((x * x).mean(1, keepdims=True) + 1e-6)
    return x * scale * gain, x * scale, scale


def rms_backward(dy, gain, normal, scale):
    dn = dy * gain
    return (dn - normal * (dn * normal).mean(1, keepdims=True)) * scale, (dy * normal).sum(0)


def gradients(w, context, target):
    """Loss and gradient of the mean cross entropy."""
    g = {}
    x = w["embed.weight"][context].reshape(len(context), -1)
    kept, h = [], x
    for layer in "01":
        z = h @ w[f"layers.{layer}.weight"].T + w[f"layers.{layer}.bias"]
        a = np.maximum(z, 0)
        y, normal, scale = rms_forward(a, w[f"layers.{layer}.norm.weight"])
        kept.append((h, z, normal, scale))
        h = y
    logits = h @ w["output.weight"].T
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(target))
    loss = -np.log(p[rows, target]).mean()
    p[rows, target] -= 1
    p /= len(target)
    g["output.weight"] = p.T @ h
    dh = p @ w["output.weight"]
    for layer in "10":
        before, z, normal, scale = kept[int(layer)]
        dh, g[f"layers.{layer}.norm.weight"] = rms_backward(dh, w[f"layers.{layer}.norm.weight"], normal, scale)
        dz = dh * (z > 0)
        g[f"layers.{layer}.weight"], g[f"layers.{layer}.bias"] = dz.T @ before, dz.sum(0)
        dh = dz @ w[f"layers.{layer}.weight"]
    g["embed.weight"] = np.zeros_like(w["embed.weight"])
    np.add.at(g["embed.weight"], context.reshape(-1), dh.reshape(-1, CHANNELS))
    return loss, g


def train(tokens, steps, in_bf16):
    """Adam with decoupled decay. `in_bf16`: weights are rounded to bf16 after every step; there is no other copy."""
    random = np.random.default_rng(7)
    w = initial(random)
    if in_bf16:
        w = {name: rounded(x) for name, x in w.items()}
    m = {name: np.zeros_like(x) for name, x in w.items()}
    v = {name: np.zeros_like(x) for name, x in w.items()}
    halfway = None
    for step in range(1, steps + 1):
        start = random.integers(0, len(tokens) - CONTEXT - 1, BATCH)
        context = tokens[start[:, None] + np.arange(CONTEXT)]
        loss, g = gradients(w, context, tokens[start + CONTEXT])
        rate = RATE * (1 - step / (steps + 1))
        for name, x in w.items():
            m[name] += (1 - BETA1) * (g[name] - m[name])
            v[name] += (1 - BETA2) * (g[name] ** 2 - v[name])
            update = m[name] / (1 - BETA1 ** step) / (np.sqrt(v[name] / (1 - BETA2 ** step)) + np.float32(1e-8))
            x = (x - np.float32(rate) * (update + np.float32(DECAY) * x)).astype(np.float32)
            w[name] = rounded(x) if in_bf16 else x
        if step == steps // 2:
            halfway = dict(w)
    print(f"{'bf16' if in_bf16 else 'f32'}: {steps} steps, loss {loss:.3f}", file=sys.stderr)
    return halfway, w


def low_rank(difference, rank=8):
    u, s, vt = np.linalg.svd(difference, full_matrices=False)
    return (u[:, :rank] * s[:rank]).astype(np.float32), vt[:rank].astype(np.float32)


def merged(base, update, in_bf16):
    """Base in bf16 plus B·A of matrices; the sum rounded once, or the product to bf16 first as bf16 tensors do."""
    result = {}
    for name, x in base.items():
        if x.ndim == 2 and name.startswith("layers"):
            b, a = low_rank(update[name] - x)
            delta = rounded(b) @ rounded(a)
            x = rounded(x) + (rounded(delta) if in_bf16 else delta)
        result[name] = to_bf16(x)
    return result


def write_all(folder, tokens, steps):
    halfway, final = train(tokens, steps, False)
    halfway16, final16 = train(tokens, steps, True)
    every = final.items()
    save(folder / "trained_f32.safetensors", final)
    save(folder / "trained_rounded.safetensors", {n: to_bf16(x) for n, x in every})
    save(folder / "trained_bf16.safetensors", {n: to_bf16(x) for n, x in final16.items()})
    save(folder / "through_half.safetensors", {n: to_bf16(through_f16(x)) for n, x in final16.items()})
    save(folder / "wide_through_half.safetensors", {n: to_bf16(through_f16(x)) for n, x in every})
    save(folder / "truncated.safetensors", {n: truncated(x) for n, x in every})
    save(folder / "narrow_in_wide.safetensors", {n: rounded(x) for n, x in every})
    save(folder / "merged_wide.safetensors", merged(halfway, final, False))
    save(folder / "merged_narrow.safetensors", merged(halfway, final, True))
    save(folder / "averaged_wide.safetensors", {n: to_bf16((x + halfway[n]) / 2) for n, x in every})
    save(folder / "averaged_narrow.safetensors",
         {n: to_bf16((x + halfway16[n]) / 2) for n, x in final16.items()})
    save(folder / "averaged_three.safetensors",
         {n: to_bf16((x + halfway16[n] + rounded(final[n])) / np.float32(3)) for n, x in final16.items()})


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    write_all(folder, language(np.random.default_rng(3), 200_000), steps)


if __name__ == "__main__":
    main()
