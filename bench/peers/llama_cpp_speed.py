#!/usr/bin/env python3
"""Candor against llama.cpp (llama-cpp-python): prefill and decode tokens per second, alternating, medians and ratios.

    pip install llama-cpp-python numpy
    bench/peers/llama_cpp_speed.py --candor build/release/bin/candor --candor-model DIR_OR_GGUF --peer-model FILE.gguf

Both run the same shapes with the same number of threads; loading and warming up are excluded on both sides.
"""
import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time


def run_peer(model, prefill, decode):
    ids = [random.randrange(100, 40000) for _ in range(prefill)]
    model.reset()
    start = time.perf_counter()
    model.eval(ids)
    prefill_rate = prefill / (time.perf_counter() - start)
    start = time.perf_counter()
    for i in range(decode):
        model.eval([ids[i % prefill]])
    return prefill_rate, decode / (time.perf_counter() - start)


def run_candor(arguments):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [arguments.candor, "bench", arguments.candor_model, "--precision", arguments.precision,
                   "--threads", str(arguments.threads), "--prefill", str(arguments.prefill),
                   "--decode", str(arguments.decode), "--repeat", "1", "--json", out.name]
        subprocess.run(command, check=True, capture_output=True)
        return json.load(open(out.name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candor", default="build/release/bin/candor")
    parser.add_argument("--candor-model", required=True)
    parser.add_argument("--peer-model", required=True)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prefill", type=int, default=128)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    import llama_cpp
    random.seed(1)
    peer = llama_cpp.Llama(arguments.peer_model, n_ctx=2048, n_threads=arguments.threads,
                           n_threads_batch=arguments.threads, n_batch=512, n_ubatch=512, verbose=False)
    run_peer(peer, arguments.prefill, 4)
    rows = []
    for _ in range(arguments.rounds):
        ours = run_candor(arguments)
        rows.append((ours["prefill_tokens_per_second"], ours["decode_tokens_per_second"],
                     *run_peer(peer, arguments.prefill, arguments.decode), ours["read_probe_bytes_per_second"],
                     ours["fma_peak_flops_per_second"], ours["weight_bytes_per_token"]))
    median = [statistics.median(column) for column in zip(*rows)]
    print(f"llama-cpp-python {llama_cpp.__version__}, {arguments.threads} threads, medians of {arguments.rounds} alternating rounds")
    print(f"prefill {arguments.prefill}: candor {median[0]:.1f} tokens/s, llama.cpp {median[2]:.1f}, "
          f"ratio {statistics.median(r[0] / r[2] for r in rows):.2f}")
    print(f"decode  {arguments.decode}: candor {median[1]:.1f} tokens/s, llama.cpp {median[3]:.1f}, "
          f"ratio {statistics.median(r[1] / r[3] for r in rows):.2f}")
    print(f"ceilings: read {median[4] / 1e9:.1f} GB/s (candor decode reads {median[1] * median[6] / 1e9:.1f}), "
          f"f32 FMA {median[5] / 1e9:.0f} GFLOP/s")


if __name__ == "__main__":
    main()
