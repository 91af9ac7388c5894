#!/usr/bin/env python3
"""Reads GGUF files with Python's gguf package and with candor: every tensor's name, type, shape, offset and size.

usage: check_read_gguf.py CANDOR_PROGRAM FOLDER PATH…

PATHs are files, or folders of files: golden ones, seeds, and what a fuzzer has found, of which most are damaged. Files
that candor refuses are left out: the package has no limits of its own. Those that candor reads and the package does not
are counted with the package's reason: types of tensors that it does not know.
"""
import collections
import json
import pathlib
import re
import resource
import signal
import subprocess
import sys
from importlib.metadata import version

import gguf

MEMORY, SECONDS = 4 << 30, 20  # of the package, for one file

class TooLong(Exception):
    pass


def by_candor(candor, path, folder):
    """{file: {name: (type, shape, offset, bytes)}}, of a split file all its parts; nothing when it is refused. What the
    audit rests on says where a tensor lies."""
    out = folder / "tensors.fingerprint"
    audit = subprocess.run([candor, "audit", path, "-q", "--fingerprint", out], capture_output=True, check=False)
    if audit.returncode == 3:
        return {}
    if audit.returncode not in (0, 1):
        sys.exit(f"{path}: candor audit returns {audit.returncode}")
    files = collections.defaultdict(dict)
    for line in map(json.loads, out.read_text().splitlines()):
        if "tensor" in line:
            files[line["file"]][line["tensor"]] = line["type"].lower(), line["shape"], line["offset"], line["bytes"]
    return files or {str(path): {}}


def by_package(path):
    """The same by gguf.GGUFReader, which has dimensions in the order of the file, the last of a row first."""
    def too_long(*_):
        raise TooLong("more than enough time")
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        return {t.name: (t.tensor_type.name.lower(), [int(n) for n in t.shape[::-1]], int(t.data_offset),
                         int(t.n_bytes))
                for t in gguf.GGUFReader(path).tensors}
    finally:
        signal.alarm(0)


def main():
    candor, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    words = map(pathlib.Path, sys.argv[3:])
    paths = [p for word in words for p in (sorted(word.iterdir()) if word.is_dir() else [word])]
    counts, unread, wrong = collections.Counter(), collections.Counter(), []
    for path in paths:
        files = by_candor(candor, path, folder)
        counts["files refused by candor"] += not files
        for file, ours in files.items():
            try:
                theirs = by_package(file)
            except (TooLong, MemoryError, ValueError, LookupError, OverflowError) as error:
                unread[re.sub(r"\d+", "N", f"{type(error).__name__}: {error}")[:120]] += 1
                continue
            counts["files compared"] += 1
            counts["tensors compared"] += len(ours)
            if ours != theirs:
                wrong.append(f"{file}: candor {ours!r:.400}, gguf {theirs!r:.400}")
    print(f"gguf {version('gguf')}:", ", ".join(f"{count} {what}" for what, count in counts.items()))
    for why, count in unread.most_common():
        print(f"  read by candor only: {count}: {why}")
    if wrong or not counts["tensors compared"]:
        sys.exit("\n".join(wrong[:10] + [f"{len(wrong)} files differ"]))


if __name__ == "__main__":
    main()
