#!/usr/bin/env python3
"""An op without canaries does not link: neither without its experiment nor without operands for the same bits.

Leaves one object after the other out of the prover's library and links a program that proves.

usage: canaries_required_test.py "COMPILER FLAGS…" PROVE_LIBRARY LIBRARIES…
"""
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = "#include <candor/prove.h>\nint main() { return candor::prove_kernels().rows.empty(); }\n"
NEEDED = re.compile(r"undefined reference to `.*candor::prove::(?:make_experiment|bits_cases)<candor::(\w+)>")
OBJECT = re.compile(r"(?:experiment_|bits_(?:attention|dot|elements|rows)).*\.o$")


def link(compiler, folder, library, libraries):
    command = [*compiler, folder / "program.o", "-o", folder / "program", "-Wl,--start-group", library, *libraries,
               "-Wl,--end-group", "-lpcre2-8", "-lutf8proc", "-lpthread"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace")


def main():
    compiler, library, libraries = shlex.split(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    include = Path(__file__).resolve().parents[2] / "include"
    problems, ops = [], set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "program.cpp").write_text(PROGRAM)
        subprocess.run([*compiler, "-std=c++20", f"-I{include}", "-c", folder / "program.cpp", "-o",
                        folder / "program.o"], check=True)
        whole = link(compiler, folder, library, libraries)
        if whole.returncode != 0:
            problems.append(f"the whole library does not link:\n{whole.stderr[-2000:]}")
        objects = subprocess.run(["ar", "t", library], check=True, capture_output=True, text=True).stdout.split()
        for left_out in filter(OBJECT.match, objects):
            part = folder / "part.a"
            part.write_bytes(library.read_bytes())
            subprocess.run(["ar", "d", part, left_out], check=True)
            missing = set(NEEDED.findall(link(compiler, folder, part, libraries).stderr))
            ops |= missing
            if not missing:
                problems.append(f"without {left_out} it still links, or for another reason does not")
    if len(ops) < 17:
        problems.append(f"only {len(ops)} ops were missed: {', '.join(sorted(ops))}")
    print("\n".join(problems) or f"{len(ops)} ops do not link without canaries")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
