#!/usr/bin/env python3
"""Every command shown in README.md and docs/ really runs.

`candor` commands run against a tiny model in place of the one that the quickstart makes; scripts and presets must exist; what
starts a download or a whole build is only checked for existence.

usage: documented_commands_test.py CANDOR_PROGRAM TINY_MODEL
"""
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```(?:sh|bash|console)\n(.*?)```", re.S)
MODEL = re.compile(r"(?<![\w/])models/[\w.\-]+")


def commands(document):
    for block in BLOCK.findall(document.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split(" # ")[0].strip().removeprefix("$ ")
            if line and not line.startswith("#"):
                yield line


def run_candor(command, program, model, folder):
    command = re.sub(r"^(\S*=\S+ )*(build/release/bin/)?candor\b", lambda m: m.group(0).replace(
        (m.group(2) or "") + "candor", shlex.quote(program)), command)
    command = MODEL.sub(model, command)
    result = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=120)
    return "" if result.returncode == 0 else f"exit {result.returncode}: {result.stderr.strip()[-300:]}"


def check(command, program, model, folder):
    first = re.sub(r"^(\w+=\S+ )+", "", command).split()[0]
    if first in {"candor", "build/release/bin/candor"} or "candor " in command.split("|")[-1]:
        return run_candor(command, program, model, folder)
    if first.startswith(("scripts/", "tools/", "bench/", "tests/")):
        return "" if (ROOT / first).exists() else f"{first} does not exist"
    if first == "cmake" and "--preset" in command:
        presets = {p["name"] for p in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
        unknown = set(re.findall(r"--preset (\w+)", command)) - presets
        return f"unknown presets {unknown}" if unknown else ""
    return ""


def main():
    program, model = (str(Path(a).resolve()) for a in sys.argv[1:3])
    problems, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
            for command in commands(document):
                count += 1
                problem = check(command, program, model, folder)
                if problem:
                    problems.append(f"{document.relative_to(ROOT)}: {command}\n    {problem}")
    print("\n".join(problems) or f"{count} documented commands run")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
