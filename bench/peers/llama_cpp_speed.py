#!/usr/bin/env python3
"""Candor against llama.cpp (llama-cpp-python): prefill and decode tokens per second, alternating, medians and ratios.

    pip install llama-cpp-python numpy
    tests/peer/make_peer_models.py
    bench/peers/llama_cpp_speed.py --model models/SmolLM2-135M-Instruct-bf16 bf16=models/peers/SmolLM2-135M-Instruct.bf16.gguf

Each PRECISION=FILE pairs what Candor runs (--model at that precision; `auto` runs FILE itself, as stored) with the file that
llama.cpp runs. Both get the same numbers of tokens and threads; loading and warming up are excluded on both sides.
--check fails when a ratio is below 1.
"""
import argparse
import json
import random
import statistics
import subprocess
import sys
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


def run_candor(arguments, precision, peer_file):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [arguments.candor, "bench", peer_file if precision == "auto" else arguments.model,
                   "--precision", precision, "--threads", str(arguments.threads), "--prefill", str(arguments.prefill),
                   "--decode", str(arguments.decode), "--repeat", "1", "--json", out.name]
        subprocess.run(command, check=True, capture_output=True)
        return json.load(open(out.name))


def measure(arguments, precision, peer_file):
    """Rows of (our prefill, decode, their prefill, decode) and our last report, for the ceilings."""
    import llama_cpp
    peer = llama_cpp.Llama(peer_file, n_ctx=arguments.prefill + arguments.decode, n_threads=arguments.threads,
                           n_threads_batch=arguments.threads, n_batch=512, n_ubatch=512, verbose=False)
    run_peer(peer, arguments.prefill, 4)
    rows, ceilings = [], []
    for _ in range(arguments.rounds):
        ours = run_candor(arguments, precision, peer_file)
        rows.append((ours["prefill_tokens_per_second"], ours["decode_tokens_per_second"],
                     *run_peer(peer, arguments.prefill, arguments.decode)))
        ceilings.append((ours["read_probe_bytes_per_second"], ours["fma_peak_flops_per_second"],
                         ours["dpbf16_peak_flops_per_second"] or 0.0, ours["weight_bytes_per_token"]))
    return rows, [statistics.median(column) for column in zip(*ceilings)]


def print_pair(precision, rows, ceilings):
    median = [statistics.median(column) for column in zip(*rows)]
    ratios = [statistics.median(r[0] / r[2] for r in rows), statistics.median(r[1] / r[3] for r in rows)]
    read = median[1] * ceilings[3]
    print(f"| {precision} | {median[0]:.0f} | {median[2]:.0f} | {ratios[0]:.2f} | {median[1]:.1f} | {median[3]:.1f} | "
          f"{ratios[1]:.2f} | {read / 1e9:.1f} of {ceilings[0] / 1e9:.1f} |", flush=True)
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="PRECISION=FILE")
    parser.add_argument("--candor", default="build/release/bin/candor")
    parser.add_argument("--model", required=True, help="what Candor loads, in any dtype")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prefill", type=int, default=128)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    import llama_cpp
    random.seed(1)
    print(f"llama-cpp-python {llama_cpp.__version__}, {arguments.threads} threads, medians of {arguments.rounds} alternating "
          f"rounds, prefill {arguments.prefill}, decode {arguments.decode}\n")
    print("| precision | prefill tokens/s | llama.cpp | ratio | decode tokens/s | llama.cpp | ratio | decode reads, GB/s |")
    print("|---|---|---|---|---|---|---|---|")
    slower = False
    for pair in arguments.pairs:
        precision, _, peer_file = pair.partition("=")
        rows, ceilings = measure(arguments, precision, peer_file)
        slower |= min(print_pair(precision, rows, ceilings)) < 1
    print(f"\nf32 FMA peak {ceilings[1] / 1e9:.0f} GFLOP/s, VDPBF16PS peak {ceilings[2] / 1e9:.0f} GFLOP/s")
    return 1 if arguments.check and slower else 0


if __name__ == "__main__":
    sys.exit(main())
