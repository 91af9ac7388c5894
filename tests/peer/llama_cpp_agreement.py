#!/usr/bin/env python3
"""Logits of Candor against llama.cpp from one bf16 GGUF: mean KL divergence and same-top-token share (label `peer`).

    pip install llama-cpp-python numpy
    tests/peer/make_peer_models.py bf16
    tests/peer/llama_cpp_agreement.py --candor build/release/bin/candor --model models/peers/SmolLM2-135M-Instruct.bf16.gguf

llama.cpp keeps activations in f32 between ops and rounds them to bf16 at each product with a bf16 weight. The two rows:
  activations=f32   ours rounds nothing: the divergence is what llama.cpp's rounding costs        limit 3e-4
  bf16              ours stores every activation in bf16: two honest bf16 runs apart              limit 2e-3, same top 0.94
"""
import argparse
import subprocess
import sys
import tempfile

TEXT = """The library opened at nine. Maria put the box of letters on the long table and read the first one aloud.
def mean(values):
    total = 0.0
    for value in values:
        total += value
    return total / len(values)
In 1969 the crew carried 21.5 kg of samples back. Water boils at 100 degrees; at 4,000 metres it boils at 87.
"Why," asked the child, "do numbers in a computer have to end?" Because memory does, said the engineer, and went on
drawing small boxes: one for the sign, eight for the exponent, seven for what is left of the number.
Die Brücke über den Fluss wurde im Frühling gebaut. Le petit chat dort sur la chaise près de la fenêtre.
"""


def log_softmax(x):
    import numpy as np
    x = x.astype(np.float64)
    x -= x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def compare(ours, theirs):
    import numpy as np
    p, q = log_softmax(theirs), log_softmax(ours)
    kl = (np.exp(p) * (p - q)).sum(axis=1)
    return kl.mean(), np.percentile(kl, 99), (ours.argmax(1) == theirs.argmax(1)).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candor", default="build/release/bin/candor")
    parser.add_argument("--model", required=True)
    arguments = parser.parse_args()

    import llama_cpp
    import numpy as np
    peer = llama_cpp.Llama(arguments.model, n_ctx=1024, n_threads=2, n_batch=512, logits_all=True, verbose=False)
    tokens = peer.tokenize(TEXT.encode(), add_bos=False)
    peer.eval(tokens)
    theirs = np.array(peer.scores[:len(tokens)], dtype=np.float32)
    failed = False
    for precision, kl_limit, top_limit in (("weights=bf16,activations=f32,kv=f32", 3e-4, 0.0), ("bf16", 2e-3, 0.94)):
        with tempfile.NamedTemporaryFile(suffix=".npy") as out:
            subprocess.run([arguments.candor, "logits", arguments.model, "--tokens", ",".join(map(str, tokens)),
                            "--precision", precision, "-o", out.name], check=True)
            ours = np.load(out.name)
        mean, p99, top = compare(ours, theirs)
        good = mean < kl_limit and top >= top_limit
        failed |= not good
        print(f"{precision}: {len(tokens)} tokens, mean KL {mean:.3e} (limit {kl_limit:g}), 99 % {p99:.3e}, "
              f"same top {top:.4f} {'ok' if good else 'FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
