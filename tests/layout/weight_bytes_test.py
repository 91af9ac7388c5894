#!/usr/bin/env python3
"""tools/check_weight_bytes.py, with which the quickstart ends, must fail on every receipt that is not exact."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools/check_weight_bytes.py"


def passes(weights, dtype="bf16"):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"weights": [dict(zip(("dtype", "elements", "bytes"), w)) for w in weights]}, file)
        file.flush()
        return subprocess.run([sys.executable, TOOL, file.name, dtype], capture_output=True).returncode == 0


assert passes([("bf16", 576, 1152)])
assert passes([("f32", 576, 2304)], "f32")
assert not passes([("bf16", 576, 1154)]) and not passes([("bf16", 576, 1150)])
assert not passes([("bf16", 576, 1152), ("f32", 4, 16)])
assert not passes([("bf16", 576, 1152), ("f16", 4, 8)])
assert not passes([("f16", 576, 1152)])
assert not passes([])
