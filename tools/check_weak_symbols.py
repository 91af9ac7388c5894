#!/usr/bin/env python3
"""Fails when an object compiled with an ISA's own flags holds a weak symbol: function (W), object (V) or unique (u).

The linker keeps one copy of a weak symbol. If that is the copy compiled with AVX flags, a program that never uses those
kernels still executes AVX instructions and dies on an older processor.

usage: check_weak_symbols.py BUILD_FOLDER
"""
import re
import subprocess
import sys
from pathlib import Path

OBJECT = re.compile(r"/candor_(?:backend_cpu|audit)_(\w+)\.dir/")
FLAGS = Path(__file__).resolve().parent.parent / "cmake/isa.cmake"


def weak_symbols(objects):
    for path in objects:
        symbols = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
        for line in symbols.splitlines():
            parts = line.split()
            if len(parts) == 3 and parts[1] in "WwVvu":
                yield f"{path.name}: {parts[2]}"


def main():
    build = Path(sys.argv[1]).resolve()
    objects = [p for p in build.rglob("*.o") if OBJECT.search(p.as_posix())]
    isas = re.search(r"CANDOR_ISA_NAMES ([\w ]+)\)", FLAGS.read_text())[1].split()
    missing = set(isas) - {OBJECT.search(p.as_posix())[1] for p in objects}
    if missing:
        print(f"no objects of {', '.join(sorted(missing))} below {build}: build the library first")
        return 1
    problems = list(weak_symbols(objects))
    print("\n".join(problems) or f"{len(objects)} per-ISA objects hold no weak symbol")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
