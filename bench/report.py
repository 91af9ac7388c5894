#!/usr/bin/env python3
"""Runs a benchmark program with its cases interleaved at random and prints medians, fractions of the machine's ceilings,
and each dtype's speed over f32's.

    bench/report.py build/ci/bin/bench_matmul [--filter REGEX] [--repetitions N] [--min-time SECONDS] [--json FILE]

--check fails when a product of bf16 by bf16 with N >= 512 is below its floor over f32: 1.5 where VDPBF16PS is in use and has
the higher peak; elsewhere 0.9, and 1.3 for up to 8 rows, where reading the weights is the bound.
"""
import argparse
import collections
import json
import statistics
import subprocess
import sys


def run(arguments):
    command = [arguments.program, "--benchmark_format=json", "--benchmark_enable_random_interleaving=true",
               f"--benchmark_repetitions={arguments.repetitions}", f"--benchmark_min_time={arguments.min_time}",
               f"--benchmark_filter={arguments.filter}"]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout)


def medians(report):
    """(family, dtypes, shape) -> medians of flops, of_fma_peak, weight_bytes, of_read over the repetitions."""
    runs = collections.defaultdict(list)
    for entry in report["benchmarks"]:
        if entry["run_type"] == "iteration":
            family, dtypes, shape = entry["run_name"].removesuffix("/real_time").split("/", 2)
            runs[family, dtypes, shape].append(entry)
    fields = ("flops", "of_fma_peak", "weight_bytes", "of_read")
    return {key: {f: statistics.median(e[f] for e in entries) for f in fields} for key, entries in runs.items()}


def in_order(family, dtypes, shape):
    """By shape, from the last dimension that changes least: f32 first within each."""
    return family, [int(n) for n in reversed(shape.split("/"))], dtypes != "f32_f32", dtypes


def print_table(report, rows):
    context = report["context"]
    print(f"{context['cpu']}, {context['isa']}, {context['threads']} threads; read "
          f"{float(context['read_bytes_per_second']) / 1e9:.1f} GB/s, f32 FMA "
          f"{float(context['fma_flops_per_second']) / 1e9:.0f} GFLOP/s, VDPBF16PS "
          f"{float(context['dpbf16_flops_per_second']) / 1e9:.0f} GFLOP/s\n")
    print("| op | M N K | dtypes | GFLOP/s | of FMA peak | weights GB/s | of read | over f32 |")
    print("|---|---|---|---|---|---|---|---|")
    for (family, dtypes, shape), row in sorted(rows.items(), key=lambda item: in_order(*item[0])):
        base = rows.get((family, "f32_f32", shape))
        ratio = f"{row['flops'] / base['flops']:.2f}" if base else ""
        print(f"| {family} | {shape.replace('/', ' ')} | {dtypes.replace('_', ' × ')} | {row['flops'] / 1e9:.0f} | "
              f"{row['of_fma_peak']:.2f} | {row['weight_bytes'] / 1e9:.1f} | {row['of_read']:.2f} | {ratio} |")


def below_floor(report, rows):
    """Shapes whose bf16 product is slower over f32's than the project promises."""
    context = report["context"]
    pairs_win = float(context["dpbf16_flops_per_second"]) > 1.2 * float(context["fma_flops_per_second"])
    for (family, dtypes, shape), row in rows.items():
        base = rows.get((family, "f32_f32", shape))
        m, n, _ = map(int, shape.split("/"))
        floor = 1.5 if pairs_win else 1.3 if m <= 8 else 0.9
        if dtypes == "bf16_bf16" and base and n >= 512 and row["flops"] < floor * base["flops"]:
            yield f"{family} {shape}: bf16 over f32 is {row['flops'] / base['flops']:.2f}, floor {floor}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--filter", default=".")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--min-time", type=float, default=0.1)
    parser.add_argument("--json", help="also keep the benchmark's own output")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    report = run(arguments)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(report, file, indent=1)
    rows = medians(report)
    if not rows:
        sys.exit(f"report: no benchmark matches {arguments.filter}")
    print_table(report, rows)
    slow = list(below_floor(report, rows)) if arguments.check else []
    print("\n".join(slow))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
