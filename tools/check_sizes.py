#!/usr/bin/env python3
"""Fails on files, functions and lines past the sizes of the design.

Limits: 300 lines a file, 300 a public header, 40 a function (from the brace that opens its body to the one that
closes it), 120 columns. Exemptions stand in tools/size_exemptions.txt, one "path: reason" a line.
"""
import re
import sys
from pathlib import Path

FILE_LINES, HEADER_LINES, FUNCTION_LINES, COLUMNS = 300, 300, 40, 120
# A statement, its lines joined, up to the brace that opens a body.
FUNCTION = re.compile(r"( *)(?:template <.*> )?(?!(?:namespace|class|struct|union|enum|template)\b)"
                      r"(?:\[\[|[A-Za-z_~]).*[)}\w>] \{$")


def exemptions(root):
    path = root / "tools/size_exemptions.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.split(":")[0].strip() for line in lines if line.strip() and not line.startswith("#")}


def function_sizes(lines):
    """(line, size) of each body; one closes at the column where its function began."""
    opened, indent, statement = 0, "", ""
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0].rstrip()
        if opened:
            if line.startswith(indent + "}"):
                yield opened, number - opened
                opened = 0
        elif not code or code.lstrip().startswith("#") or code.endswith(("\\", ":")):
            statement = ""
        else:
            statement = f"{statement} {code.strip()}" if statement else code
            if function := FUNCTION.match(statement):
                opened, indent = number, function[1]
            if code.endswith(("{", "}", ";")):
                statement = ""


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
        problems += [f"{name}:{at}: function of {n} lines, limit {FUNCTION_LINES}"
                     for at, n in function_sizes(lines) if n > FUNCTION_LINES]
        problems += [f"{name}:{at}: {len(line)} columns, limit {COLUMNS}"
                     for at, line in enumerate(lines, 1) if len(line) > COLUMNS]
    return problems, len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems, count = check(root)
    print("\n".join(problems) or f"{count} files are within the sizes")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
