#!/usr/bin/env python3
"""Fails when a file includes a folder that docs/design/layers.txt does not allow it to include."""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SOURCES = {".h", ".cpp", ".cu", ".cuh", ".cl"}


def read_edges(path):
    edges = {}
    for line in path.read_text().splitlines():
        line = line.split("#", 1)[0].strip()
        if line:
            folder, _, allowed = line.partition(":")
            edges[folder.strip()] = set(allowed.split()) | {folder.strip()}
    return edges


def layer_of(relative, edges):
    """The layer that a repository path or an include path belongs to; None: not ours (a system or generated header)."""
    parts = relative.split("/")
    for length in (2, 1):
        name = "/".join(parts[:length])
        if name in edges:
            return name
    return None


def file_layer(path, root, edges):
    relative = path.relative_to(root).as_posix()
    if relative.startswith("include/candor/"):
        return "public"
    return layer_of(relative.removeprefix("src/"), edges)


def check(root):
    edges = read_edges(root / "docs/design/layers.txt")
    problems = []
    folders = ["include", "src", "cli", "examples"]
    files = [f for folder in folders for f in (root / folder).rglob("*") if f.suffix in SOURCES]
    for path in sorted(files):
        layer = file_layer(path, root, edges)
        if layer is None:
            problems.append(f"{path.relative_to(root)}: no layer of docs/design/layers.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            included = match.group(1)
            target = "public" if included.startswith("candor/") else layer_of(included, edges)
            if target is not None and target not in edges[layer]:
                problems.append(f"{path.relative_to(root)}:{number}: {layer} may not include {included} ({target})")
    return problems, len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems, count = check(root)
    print("\n".join(problems) or f"{count} files respect docs/design/layers.txt")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
