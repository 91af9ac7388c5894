#!/usr/bin/env python3
"""Fails when a document names a repository path that does not exist, a broken link or anchor, or when a public op of
ops.h lacks one of its five fixed lines."""
import re
import sys
from pathlib import Path

PATH = re.compile(r"`((?:src|include|tests|docs|tools|scripts|cli|bench|examples|cmake)/[\w./\-]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)?(?:#([\w\-]+))?\)")
FIXED = ("shapes", "dtypes", "errors", "gradient")


def anchors(path):
    titles = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


def check_document(path, root):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    for match in PATH.finditer(text):
        if not (root / match.group(1)).exists():
            yield f"{path.relative_to(root)}: names {match.group(1)}, which does not exist"
    for target, anchor in LINK.findall(text):
        if "://" in target:
            continue
        file = (path.parent / target) if target else path
        if not file.exists():
            yield f"{path.relative_to(root)}: link to {target}, which does not exist"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{path.relative_to(root)}: link to #{anchor} of {file.name}, which has no such heading"


def check_ops(root):
    matrix = root / "docs/precision-matrix.md"
    known = anchors(matrix) if matrix.exists() else set()
    blocks = re.findall(r"((?:^///.*\n)+)(\w[^\n]*?(\w+)\()", (root / "include/candor/ops.h").read_text(), flags=re.M)
    for comment, _, name in blocks:
        for word in FIXED:
            if not re.search(rf"^///\s+{word}\b", comment, flags=re.M):
                yield f"include/candor/ops.h: {name} has no line '{word}'"
        for anchor in re.findall(r"precision-matrix\.md#(\w+)", comment):
            if anchor not in known:
                yield f"include/candor/ops.h: {name} names docs/precision-matrix.md#{anchor}, which does not exist"
    if len(blocks) < 10:
        yield "include/candor/ops.h: fewer than ten documented ops found; the check is broken"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    documents = sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md"))
    problems = [p for d in documents for p in check_document(d, root)] + list(check_ops(root))
    print("\n".join(problems) or f"{len(documents)} documents name only what exists")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
