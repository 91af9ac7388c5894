#!/usr/bin/env python3
"""docs/precision-matrix.md is what the program prints.

usage: precision_matrix_test.py CANDOR_PROGRAM
"""
import difflib
import subprocess
import sys
from pathlib import Path

committed = (Path(__file__).resolve().parents[2] / "docs/precision-matrix.md").read_text()
printed = subprocess.run([sys.argv[1], "kernels", "--markdown"], check=True, capture_output=True, text=True).stdout
lines = list(difflib.unified_diff(committed.splitlines(), printed.splitlines(), "committed", "printed", lineterm="", n=0))
print("\n".join(lines[:40]) or f"equal, {len(printed.splitlines())} lines")
if lines:
    print("regenerate: candor kernels --markdown > docs/precision-matrix.md")
sys.exit(1 if lines else 0)
