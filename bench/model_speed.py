#!/usr/bin/env python3
"""One model in several precisions, alternating: prefill and decode medians, each over f32's, and what recording costs.

    bench/model_speed.py --model models/SmolLM2-135M-Instruct-bf16 f32 bf16 f16

--check fails when bf16 decodes less than 1.5 times as many tokens as f32, or when recording a receipt costs 1 % or more.
"""
import argparse
import collections
import json
import statistics
import subprocess
import sys
import tempfile

LEAST_DECODE_RATIO, MOST_RECORDING_COST = 1.5, 0.01


def run(arguments, precision):
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [arguments.candor, "bench", arguments.model, "--precision", precision, "--prefill",
                   str(arguments.prefill), "--decode", str(arguments.decode), "--repeat", "3", "--json", out.name]
        subprocess.run(command, check=True, capture_output=True)
        return json.load(open(out.name))


def row_of(report):
    return {"prefill": report["prefill_tokens_per_second"], "decode": report["decode_tokens_per_second"],
            "read": report["achieved_bytes_per_second"], "ceiling": report["read_probe_bytes_per_second"],
            "recording": report["decode_tokens_per_second"] / report["receipt"]["speed"]["decode_tokens_per_second"] - 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("precisions", nargs="+")
    parser.add_argument("--candor", default="build/release/bin/candor")
    parser.add_argument("--model", required=True)
    parser.add_argument("--prefill", type=int, default=128)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    rows = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for precision in arguments.precisions:
            rows[precision].append(row_of(run(arguments, precision)))
    median = {p: {key: statistics.median(r[key] for r in runs) for key in runs[0]} for p, runs in rows.items()}
    print("| precision | prefill tokens/s | over f32 | decode tokens/s | over f32 | decode reads GB/s | of the read probe |")
    print("|---|---|---|---|---|---|---|")
    over = {}
    for precision, m in median.items():
        over[precision] = [statistics.median(a[key] / b[key] for a, b in zip(rows[precision], rows["f32"]))
                           if "f32" in rows else float("nan") for key in ("prefill", "decode")]
        print(f"| {precision} | {m['prefill']:.0f} | {over[precision][0]:.2f} | {m['decode']:.1f} | {over[precision][1]:.2f} | "
              f"{m['read'] / 1e9:.1f} | {m['read'] / m['ceiling']:.2f} |")
    recording = statistics.median(r["recording"] for runs in rows.values() for r in runs)
    print(f"\nrecording a receipt: {100 * recording:+.2f} % of decode time")
    failed = recording >= MOST_RECORDING_COST or over.get("bf16", [0, 9])[1] < LEAST_DECODE_RATIO
    return 1 if arguments.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
