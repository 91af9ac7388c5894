#!/usr/bin/env python3
"""Writes bf16, f16, f32 and q8_0 GGUF files of one model with llama.cpp's own quantizer (llama-cpp-python).

    tests/peer/make_peer_models.py [--source MODEL.gguf] [--out FOLDER] [bf16 f16 f32 q8_0]

The values come from the source's 4-bit blocks, rounded to the file's dtype; both engines then read the same file. A file
that exists is kept.
"""
import argparse
import ctypes
import os
import pathlib
import sys

FILE_TYPES = {"bf16": 32, "f16": 1, "f32": 0, "q8_0": 7}  # enum llama_ftype


def quantize(source, target, file_type):
    import llama_cpp
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = file_type
    parameters.allow_requantize = True
    parameters.nthread = os.cpu_count() or 1
    partial = target.with_suffix(".partial")
    code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(partial), ctypes.byref(parameters))
    if code != 0:
        partial.unlink(missing_ok=True)
        sys.exit(f"make_peer_models: llama_model_quantize returned {code} for {source}")
    partial.rename(target)


def make(source, folder, name):
    """The file of `name`, made if it is not there."""
    target = folder / f"{source.name.split('.')[0]}.{name}.gguf"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        quantize(source, target, FILE_TYPES[name])
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=pathlib.Path, default="models/SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--out", type=pathlib.Path, default="models/peers")
    parser.add_argument("names", nargs="*", metavar="NAME", help="any of " + " ".join(FILE_TYPES))
    arguments = parser.parse_args()
    unknown = set(arguments.names) - FILE_TYPES.keys()
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; give any of {', '.join(FILE_TYPES)}")
    if not arguments.source.exists():
        parser.error(f"{arguments.source} does not exist; scripts/quickstart.sh makes it")
    for name in arguments.names or FILE_TYPES:
        path = make(arguments.source, arguments.out, name)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
