#!/usr/bin/env python3
"""Fails when an object compiled with an ISA's own flags holds a weak function.

The linker keeps one copy of a weak function. If that is the copy compiled with AVX flags, a program that never uses those
kernels still executes AVX instructions and dies on an older processor.

usage: check_weak_symbols.py BUILD_FOLDER
"""
import subprocess
import sys
from pathlib import Path


def weak_functions(objects):
    for path in objects:
        symbols = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True).stdout
        for line in symbols.splitlines():
            parts = line.split()
            if len(parts) == 3 and parts[1] in {"W", "w"}:
                yield f"{path.name}: {parts[2]}"


def main():
    build = Path(sys.argv[1])
    objects = [p for p in build.rglob("*.o") if "candor_backend_cpu_" in p.as_posix()]
    if not objects:
        print(f"no per-ISA objects below {build}: build the library first")
        return 1
    problems = list(weak_functions(objects))
    print("\n".join(problems) or f"{len(objects)} per-ISA objects hold no weak function")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
