#!/usr/bin/env python3
"""Fails when a layer's library needs a symbol that only libraries outside its edges define.

Include lines cannot show everything: a function declared by hand, or in a public header, links from anywhere. Edges are
those of docs/design/layers.txt and of the layers they lead to, for what headers inline.

usage: check_link_edges.py BUILD_FOLDER [ROOT]
"""
import re
import subprocess
import sys
from pathlib import Path

from check_layers import read_edges

SYMBOL = re.compile(r"^[0-9a-f ]{16} (\w) (.*)$")
INVERSION = "candor::installed_backends()"  # declared in kernels/registry.h, defined by runtime: the only one


def reachable(layer, edges):
    found, todo = set(), [layer]
    while todo:
        if (name := todo.pop()) not in found:
            found.add(name)
            todo += edges.get(name, ())
    return found


def symbols(archive):
    """(defined, needed from elsewhere)"""
    listed = subprocess.run(["nm", "--extern-only", "--demangle", archive], capture_output=True, text=True, check=True)
    found = [match.groups() for line in listed.stdout.splitlines() if (match := SYMBOL.match(line))]
    defined = {name for kind, name in found if kind.isupper() and kind != "U"}
    return defined, {name for kind, name in found if kind in "Uvw"} - defined


def check(build, root):
    edges = read_edges(root / "docs/design/layers.txt")
    layers = [layer for layer in edges if (root / "src" / layer).is_dir()]
    archives = {layer: build / "src" / layer / f"libcandor_{layer.replace('/', '_')}.a" for layer in layers}
    missing = [str(archive) for archive in archives.values() if not archive.exists()]
    if missing:
        return [f"{archive}: no such library; build first" for archive in missing], 0
    tables = {layer: symbols(archive) for layer, archive in archives.items()}
    problems = []
    for layer, (_, needed) in tables.items():
        allowed = reachable(layer, edges)
        for name in sorted(needed - {INVERSION}):
            homes = {other for other, (defined, _) in tables.items() if name in defined}
            if homes and not homes & allowed:
                problems.append(f"{layer} may not need {name} ({', '.join(sorted(homes))})")
    return problems, len(layers)


def main():
    root = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).resolve().parent.parent)
    problems, count = check(Path(sys.argv[1]), root)
    print("\n".join(problems) or f"{count} libraries need symbols of their edges only")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
