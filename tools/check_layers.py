#!/usr/bin/env python3
"""Fails when a file includes a folder that docs/design/layers.txt does not allow it to include, when a library's
DEPENDS in CMake has an edge that is not there, or when the environment is read outside runtime and cli."""
import re
import sys
from pathlib import Path

# A name in <> is found on the same include path as one in "".
INCLUDE = re.compile(r'^\s*#\s*include(?:_next)?\s*[<"]([^>"]+)[>"]')
DEPENDS = re.compile(r"candor_layer\(\s*(\S+)[^)]*?\bDEPENDS\s+([a-z_/\s]+)")
ENVIRONMENT = re.compile(r"\b(?:secure_)?getenv\s*\(|\b_*environ\b")
READS_ENVIRONMENT = {"runtime", "cli"}
FOLDERS = ("include", "src", "cli", "examples", "bench", "bindings")
NOT_CODE = {".txt", ".py", ".md", ".json", ".gitkeep"}
OUTSIDE = {"tests", "tools", "scripts", "build"}  # on some include path, and no layer


def read_edges(path):
    edges = {}
    for line in path.read_text().splitlines():
        line = line.split("#", 1)[0].strip()
        if line:
            folder, _, allowed = line.partition(":")
            edges[folder.strip()] = set(allowed.split()) | {folder.strip()}
    return edges


def layer_of(path, edges):
    """The layer that a repository path or an include path belongs to; None: not ours (a system or generated header)."""
    if path.removeprefix("include/").startswith("candor/"):
        return "public"
    parts = path.removeprefix("src/").split("/")
    for length in (2, 1):
        name = "/".join(parts[:length])
        if name in edges or name in OUTSIDE:
            return name
    return None


def refusal(included, layer, edges):
    """Why a file of `layer` may not have this include line, or ""."""
    if included.startswith("/") or ".." in included.split("/"):
        return f"{layer} includes {included}: name it from src/ or include/, so that its layer can be seen"
    target = layer_of(included, edges)
    return "" if target is None or target in edges[layer] else f"{layer} may not include {included} ({target})"


def check_file(path, root, edges):
    relative = path.relative_to(root).as_posix()
    layer = layer_of(relative, edges)
    if layer is None:
        yield f"{relative}: no layer of docs/design/layers.txt"
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if (match := INCLUDE.match(line)) and (why := refusal(match[1], layer, edges)):
            yield f"{relative}:{number}: {why}"
        if layer not in READS_ENVIRONMENT and ENVIRONMENT.search(line.split("//")[0]):
            yield f"{relative}:{number}: {layer} reads the environment; only runtime (for the library) and cli may"


def check_depends(path, root, edges):
    for layer, depends in DEPENDS.findall(path.read_text()):
        for target in sorted({word.replace("_", "/") for word in depends.split()} - edges[layer]):
            yield f"{path.relative_to(root)}: {layer} may not depend on {target}"


def check(root):
    edges = read_edges(root / "docs/design/layers.txt")
    files = sorted(f for folder in FOLDERS for f in (root / folder).rglob("*")
                   if f.is_file() and f.suffix not in NOT_CODE and f.name not in NOT_CODE)
    problems = [p for f in files for p in check_file(f, root, edges)]
    problems += [p for f in sorted((root / "src").rglob("CMakeLists.txt")) for p in check_depends(f, root, edges)]
    return problems, len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems, count = check(root)
    print("\n".join(problems) or f"{count} files respect docs/design/layers.txt")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
