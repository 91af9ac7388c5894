#!/usr/bin/env python3
"""Pushes a canary checkpoint through the save, load, convert and autocast paths of other libraries, and writes what each
really does to bf16 as Markdown.

    tools/who_keeps_bf16.py --candor build/release/bin/candor --document docs/who-keeps-bf16.md
    tools/who_keeps_bf16.py --candor build/release/bin/candor --only torch/state_dict_f16

Every row of who_keeps_bf16_rows.py is a piece of Python that starts from `c`, the canaries, and ends in `r`: tensors, or
the path of a file. Whatever comes out is judged twice: by `candor canary check`, and here by comparing all 65,536 bf16
codes without Candor. The two must agree. A library that is not installed gives a line that says so.
"""
import argparse
import importlib
import importlib.metadata
import json
import os
import pathlib
import pickle
import platform
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from who_keeps_bf16_rows import ROWS, PACKAGES  # noqa: E402

MODULES = {"llama_cpp_python": "llama_cpp"}  # where the package is not called as its module
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SPELLINGS = {"torch.bfloat16": "BF16", "torch.float16": "F16", "torch.float32": "F32", "torch.float64": "F64",
             "torch.int16": "I16", "torch.float8_e4m3fn": "F8_E4M3", "torch.float8_e5m2": "F8_E5M2",
             "bfloat16": "BF16", "float16": "F16", "float32": "F32", "float64": "F64", "uint16": "U16", "int16": "I16",
             "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "|V2": "V2"}


# Reading and writing safetensors by hand, so that no library under test is trusted with it.
def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    begin = 8 + length
    return {name: (t["dtype"], t["shape"], data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]])
            for name, t in header.items()}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t[2] for t in tensors.values()))


def plain(tensor):
    """(dtype spelling, shape, little-endian bytes) of a torch tensor or a NumPy array."""
    if hasattr(tensor, "detach"):
        import torch
        data = tensor.detach().contiguous().cpu()
        return SPELLINGS[str(data.dtype)], list(data.shape), (data.view(torch.uint8) if data.dim() else data.reshape(1).view(torch.uint8)).numpy().tobytes()
    name = str(tensor.dtype)
    return SPELLINGS.get(name, name), list(tensor.shape), tensor.tobytes()


# The judgement without Candor: values of 16-bit codes by integer arithmetic only.
def bf16_value(code):
    return struct.unpack("<f", struct.pack("<I", code << 16))[0]


def values(dtype, data):
    if dtype in ("BF16", "U16", "I16", "V2"):
        return [bf16_value(code) for code in struct.unpack(f"<{len(data) // 2}H", data)]
    letter = {"F16": "e", "F32": "f", "F64": "d"}.get(dtype)
    return list(struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data)) if letter else None


def same(x, y):
    """Equal value, class and sign of zero."""
    if x != x or y != y:
        return x != x and y != y
    return x == y and str(x)[0] == str(y)[0]


def compare_codes(written, found):
    """One sentence on a canary of bf16 codes, and the number of values that changed (None: cannot be told here)."""
    dtype, _, data = found
    count = f"{len(written[2]) // 2:,}"
    if dtype == "BF16" and data == written[2]:
        return f"all {count} codes kept", 0
    was, now = values(*written[::2]), values(dtype, data)
    if now is None or len(now) != len(was):
        return f"stored as {dtype}", None
    changed = sum(not same(x, y) for x, y in zip(was, now))
    if changed:
        return f"{changed:,} of {count} values changed", changed
    if dtype == "BF16":
        codes = sum(data[2 * i:2 * i + 2] != written[2][2 * i:2 * i + 2] for i in range(len(was)))
        return f"all {count} values kept; {codes} NaNs got other bits", 0
    if dtype in ("U16", "I16", "V2"):
        return f"all {count} codes kept, their label lost", None
    return f"all {count} values kept, in {dtype}", 0


# Running a row.
def canaries_for(kind, path):
    tensors = read_safetensors(path)
    if kind == "torch":
        import torch
        dtypes = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
        return {name: torch.frombuffer(bytearray(data), dtype=dtypes[d]).reshape(shape)
                for name, (d, shape, data) in tensors.items()}
    import numpy
    import ml_dtypes
    dtypes = {"BF16": ml_dtypes.bfloat16, "F16": numpy.float16, "F32": numpy.float32}
    return {name: numpy.frombuffer(bytearray(data), dtype=dtypes[d]).reshape(shape)
            for name, (d, shape, data) in tensors.items()}


def run_row(row, canary, folder):
    """The path of a file that `candor canary check` reads, or the text of what was refused."""
    os.chdir(folder)
    scope = {"c": canaries_for(row.canaries, canary), "canary": str(canary)}
    try:
        exec(row.setup, scope)  # noqa: S102: the rows are ours
        exec(row.code, scope)   # noqa: S102
    except Exception as error:  # what a library refuses is a result
        first = str(error).strip().split("\n")[0]
        return None, f"refuses: {type(error).__name__}: {first[:110]}"
    result = scope["r"]
    if isinstance(result, (str, pathlib.Path)):
        return str(pathlib.Path(result).resolve()), scope.get("said", "")
    if not isinstance(result, dict):
        result = {row.single: result}
    write_safetensors("result.safetensors", {name: plain(tensor) for name, tensor in result.items()})
    return str(pathlib.Path("result.safetensors").resolve()), scope.get("said", "")


def measure_in_child(row, canary, folder):
    """A process of its own for each row: a library that aborts, or a mode that it leaves behind, hurts no other row."""
    outcome = folder / "outcome"
    child = os.fork()
    if child == 0:
        said = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        result = run_row(row, canary, folder)
        outcome.write_bytes(pickle.dumps(result))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if outcome.exists():
        return pickle.loads(outcome.read_bytes())
    last = (folder / "stderr").read_text(errors="replace").strip().split("\n")[-1]
    return None, f"the process ended with {os.waitstatus_to_exitcode(status)}: {last[:110]}"


def check(candor, path):
    done = subprocess.run([candor, "canary", "check", path, "--json", "-"], capture_output=True, text=True)
    if not done.stdout:
        return done.returncode, None, done.stderr.strip()
    report = json.loads(done.stdout)
    return done.returncode, report, report["sentence"]


def pushed_verdict(report):
    """Of a row that pushes only some canaries, which candor rightly calls incomplete."""
    states = {t["state"] for t in report["tensors"]} - {"missing", "intact"}
    return " and ".join(sorted(states)) + " (what was pushed)" if states else "intact (what was pushed)"


def most_telling(report):
    """canary.all_codes, or the largest that was pushed."""
    there = [t for t in report["tensors"] if t["name"] is not None]
    return next((t for t in there if t["canary"] == "canary.all_codes"), max(there, key=lambda t: t["elements"]))


def measure(row, candor, canary, folder):
    folder.mkdir()
    path, said = measure_in_child(row, canary, folder)
    if path is None:
        return {"codes": said, "verdict": "", "problem": ""}
    code, report, sentence = check(candor, path)
    if report is None:
        return {"codes": said or "no result", "verdict": f"exit {code}: {sentence}", "problem": ""}
    entry = most_telling(report)
    if report["format"] == "safetensors" and entry["order"] == "as written":
        written, found = read_safetensors(canary)[entry["canary"]], read_safetensors(path)[entry["name"]]
        codes, changed = compare_codes(written, found)
    else:  # another format: its reader is candor's
        codes, changed = f"{entry['changed']:,} of {entry['elements']:,} values changed, in {entry['found_dtype'].upper()}", None
    agree = changed is None or changed == entry["changed"]
    problem = "" if agree else f"candor counts {entry['changed']} changed values of {entry['canary']}, this script {changed}"
    if entry["canary"] != "canary.all_codes":
        codes += f" ({entry['canary'].removeprefix('canary.')})"
    verdict = report["verdict"]
    if verdict == "incomplete" and row.expects_missing:
        verdict, sentence = pushed_verdict(report), ""
    elif sentence.startswith("every bf16"):
        sentence = sentence.partition("; ")[2]
    text = f"**{verdict}**" + (f": {sentence}" if sentence else "")
    extra = ", ".join(f"{f['id']} {f['count']}" for f in report["findings"] if f["legal"])
    return {"codes": codes + (f"; {said}" if said else ""), "verdict": text + (f". {extra}" if extra else ""),
            "problem": problem}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def document(candor, canary, folder, only):
    versions = {name: version_of(name) for name in PACKAGES}
    machine = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    lines = ["Versions: Python " + platform.python_version() + ", " +
             ", ".join(f"{name} {version or '(not installed)'}" for name, version in versions.items()) + f"; {machine}.", ""]
    problems, section = [], None
    for number, row in enumerate(r for r in ROWS if only is None or r.name == only or r.section == only):
        if row.section != section:
            section = row.section
            lines += ["", f"### {section}", "", "| path | code | codes | `candor canary check` |", "|---|---|---|---|"]
        if missing := [p for p in row.needs if versions[p] is None]:
            lines.append(f"| {row.what} | | not installed: {', '.join(missing)} | |")
            continue
        for package in row.needs:  # once, here: every row's process starts with it
            importlib.import_module(MODULES.get(package, package))
        print(row.name, file=sys.stderr, flush=True)
        result = measure(row, candor, canary, folder / str(number))
        if result["problem"]:
            problems.append(f"{row.name}: {result['problem']}")
        code = " ".join(f"`{line.strip()}`" for line in row.code.strip().split("\n"))
        lines.append(f"| {row.what} <br>{row.name} | {cell(code)} | {cell(result['codes'])} | {cell(result['verdict'])} |")
    return "\n".join(lines) + "\n", problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candor", default="build/release/bin/candor", help="the program")
    parser.add_argument("--document", type=pathlib.Path, help="replace what stands between its two markers")
    parser.add_argument("--only", help="one row or one section")
    arguments = parser.parse_args()
    if arguments.only and not any(arguments.only in (row.name, row.section) for row in ROWS):
        parser.error(f"--only {arguments.only}: no row or section has this name; rows are called like {ROWS[0].name}")
    if arguments.only and arguments.document:
        parser.error("--document replaces every row, and --only leaves the others out: give one of them")
    candor = str(pathlib.Path(arguments.candor).resolve())
    with tempfile.TemporaryDirectory(prefix="who-keeps-bf16-") as name:
        folder = pathlib.Path(name)
        canary = folder / "canary.safetensors"
        subprocess.run([candor, "canary", str(canary)], check=True)
        text, problems = document(candor, canary, folder, arguments.only)
    if arguments.document:
        old = arguments.document.read_text()
        head, rest = old.split(BEGIN)
        arguments.document.write_text(head + BEGIN + "\n" + text + END + rest.split(END)[1])
    else:
        print(text)
    print("\n".join(problems) or "both judgements agree on every row", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
